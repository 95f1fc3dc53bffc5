import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from zoo.matching import ngrams


def as_number(gram):
    key = 0
    for letter in gram:
        key = key << 21 | ord(letter)
    return key


def test_ngrams_are_those_of_scikit_learn(rng, monkeypatch):
    monkeypatch.setattr(ngrams, "_TEXTS", 100)  # several pieces
    texts = ["".join(rng.choice(list("abcdéж日 \U0001d4b3"), rng.integers(0, 15))) for _ in range(250)]
    texts = [" ".join(text.split()) for text in texts]
    vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=(2, 3), lowercase=False)
    expected = vectorizer.fit_transform(texts)
    keys = np.asarray([as_number(gram) for gram in vectorizer.get_feature_names_out()])
    found, known = ngrams.counted_ngrams(texts)
    np.testing.assert_array_equal(known, np.sort(keys))
    assert abs(found - expected[:, np.argsort(keys)]).max() == 0
    assert found.has_sorted_indices


def test_no_texts_have_no_ngrams():
    for texts in ([], ["", ""]):
        found, known = ngrams.counted_ngrams(texts)
        assert found.shape == (len(texts), 0)
        assert not len(known)
