"""Records with duplicates, made up: small, and different in all the ways that matter."""

import numpy as np
import pyarrow as pa
import pytest

FIRST = ["anna", "bruno", "clara", "david", "elena", "felix", "greta", "hugo", "irene", "jonas", "maria", "oscar"]
LAST = ["abbott", "becker", "castillo", "dupont", "eriksen", "fischer", "garcia", "hansen", "ivanov", "jensen"]
TOWN = ["adelaide", "brisbane", "canberra", "darwin", "fremantle", "geelong", "hobart"]


def person(rng):
    return {
        "first": FIRST[rng.integers(len(FIRST))],
        "last": LAST[rng.integers(len(LAST))] + "".join(rng.choice(list("aeiou"), 2)),
        "town": TOWN[rng.integers(len(TOWN))],
        "born": f"{rng.integers(1930, 2005)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}",
        "phone": "".join(rng.choice(list("0123456789"), 8)),
    }


def mistyped(rng, record, empty=0.1):
    """A copy with a letter changed in two fields, and some fields left out."""
    copy = dict(record)
    for name in rng.choice(["first", "last", "phone"], 2, replace=False):
        place = rng.integers(len(copy[name]))
        copy[name] = copy[name][:place] + rng.choice(list("abcxyz159")) + copy[name][place + 1 :]
    return {name: None if rng.random() < empty else cell for name, cell in copy.items()}


def tables(seed, rows=300, shared=200):
    """Two tables of which the first rows are the same persons."""
    rng = np.random.default_rng(seed)
    persons = [person(rng) for _ in range(rows)]
    others = [mistyped(rng, persons[row]) if row < shared else person(rng) for row in range(rows)]
    return pa.Table.from_pylist(persons), pa.Table.from_pylist(others)


@pytest.fixture(scope="session")
def two_tables():
    return tables(0)


@pytest.fixture(scope="session")
def codes_of():
    """Codes of tables, as a good encoder gives them: character n-grams of all fields, reduced to 32 numbers."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    def codes(*given):
        texts = [" ".join(str(cell) for cell in row.values() if cell) for each in given for row in each.to_pylist()]
        found = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)).fit_transform(texts)
        found = TruncatedSVD(32, random_state=0).fit_transform(found).astype(np.float32)
        return np.split(found, np.cumsum([each.num_rows for each in given])[:-1])

    return codes


@pytest.fixture(scope="session")
def encoder(tmp_path_factory, two_tables):
    """An exported encoder of such records, untrained: codes of exact values, thrown together at random."""
    from zoo.bottlenecks.linear import Linear
    from zoo.export._signatures import write_saved_model
    from zoo.likelihoods.multinomial import Multinomial
    from zoo.models.autoencoder import Autoencoder
    from zoo.networks.embedding_bag import EmbeddingBag
    from zoo.networks.mlp import MLP
    from zoo.quiet import import_tensorflow
    from zoo.rows.record_rows import RecordRows

    import_tensorflow().keras.utils.set_random_seed(0)
    fields = {
        name: ("", "?", *sorted(set(two_tables[0].column(name).to_pylist()))) for name in two_tables[0].column_names
    }
    kind = RecordRows(fields)
    model = Autoencoder(EmbeddingBag(32, combiner="sqrtn"), Linear(16), MLP([4]), Multinomial())
    model.build((None, kind.width))
    folder = tmp_path_factory.mktemp("records")
    write_saved_model(folder / "saved_model", model, kind)
    return folder / "saved_model"
