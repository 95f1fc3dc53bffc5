"""Real sets of TensorFlow Datasets, and small ones that it writes here itself, without a network."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.data import TfdsImages
from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.rows import ImageRows

PIXELS = np.random.default_rng(0).integers(0, 256, (50, 6, 5, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def shared():
    """Where mnist and cifar10 are prepared (see ../shared/data/SOURCES.md)."""
    path = Path(__file__).parents[3] / "shared/data/tfds"
    if not (path / "mnist").is_dir():
        pytest.skip("../shared/data/tfds is not on this machine")
    return str(path)


@pytest.fixture(scope="module")
def tfds():
    import_tensorflow()
    return pytest.importorskip("tensorflow_datasets")


@pytest.fixture(scope="module")
def mnist(shared):
    return TfdsImages("mnist", folder=shared, limit=2000).load()


@pytest.fixture
def store(tfds, tmp_path):
    """Writes the files and the description of a set "ours"; returns its source's constructor."""

    def store(splits, features, **options):
        tf = import_tensorflow()
        described = tfds.features.FeaturesDict(features)
        folder = tmp_path / "ours/1.0.0"
        folder.mkdir(parents=True, exist_ok=True)
        infos = []
        template = tfds.core.ShardedFileTemplate(
            data_dir=folder, dataset_name="ours", split="train", filetype_suffix="tfrecord"
        )
        for split, rows in splits.items():
            with tf.io.TFRecordWriter(str(folder / f"ours-{split}.tfrecord-00000-of-00001")) as writer:
                for row in rows:
                    writer.write(described.serialize_example(described.encode_example(row)))
            at = template.replace(split=split)
            infos.append(tfds.core.SplitInfo(name=split, shard_lengths=[len(rows)], num_bytes=0, filename_template=at))
        tfds.folder_dataset.write_metadata(
            data_dir=str(folder), features=described, split_infos=infos, check_data=False, **options
        )
        return lambda **settings: TfdsImages("ours", folder=str(tmp_path), **settings)

    return store


@pytest.fixture
def labelled(tfds):
    """Rows of PIXELS with their number as label, and the features that describe them."""
    features = {"image": tfds.features.Image(shape=(6, 5, 3)), "label": tfds.features.ClassLabel(num_classes=50)}
    return [{"image": pixels, "label": number} for number, pixels in enumerate(PIXELS)], features


# Real sets


def test_mnist_is_as_published(shared):
    splits = TfdsImages("mnist", folder=shared).load()
    assert splits.features.shape == (70_000, 28, 28, 1)
    assert splits.features.dtype == np.uint8
    assert splits.features[:60_000].mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert splits.features[:60_000].std() / 255 == pytest.approx(0.3081, abs=5e-5)
    # Digits of each class in LeCun's test set.
    assert np.bincount(splits.labels[60_000:]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.array_equal(splits.train, np.arange(55_200))
    assert np.array_equal(splits.validation, np.arange(55_200, 60_000))
    assert np.array_equal(splits.test, np.arange(60_000, 70_000))
    assert splits.keys is None
    assert type(splits.kind) is ImageRows
    assert splits.notes == ()


def test_rows_are_in_tensorflow_datasets_order(mnist, tfds, shared):
    for split, rows in (("train", slice(0, 2000)), ("test", slice(2000, 4000))):
        expected = tfds.as_numpy(tfds.load("mnist", split=split, data_dir=shared, download=False).take(2000))
        images, labels = zip(*((row["image"], row["label"]) for row in expected), strict=True)
        assert np.array_equal(mnist.features[rows], np.stack(images))
        assert np.array_equal(mnist.labels[rows], labels)


def test_a_limit_cuts_train_before_validation_and_test(mnist):
    assert mnist.features.shape == (4000, 28, 28, 1)
    assert np.array_equal(mnist.train, np.arange(1840))
    assert np.array_equal(mnist.validation, np.arange(1840, 2000))
    assert np.array_equal(mnist.test, np.arange(2000, 4000))
    assert mnist.labels.dtype == np.int64
    assert mnist.notes == ("Read the first 2,000 images of train and 2,000 of test (data.limit).",)


def test_cifar10_has_colours_and_names_of_classes(shared):
    splits = TfdsImages("cifar10", folder=shared, limit=500).load()
    assert splits.features.shape == (1000, 32, 32, 3)
    assert splits.provenance["name"] == "cifar10/3.0.2"
    assert splits.provenance["classes"][:3] == ["airplane", "automobile", "bird"]
    # Means of the whole training set, known to three digits; 500 images are within 0.03 of them.
    assert splits.features[:500].mean(axis=(0, 1, 2)) / 255 == pytest.approx([0.491, 0.482, 0.447], abs=0.03)


def test_provenance_identifies_the_content(mnist, shared):
    provenance = mnist.provenance
    assert json.loads(json.dumps(provenance)) == provenance
    assert provenance["source"] == "TfdsImages"
    assert provenance["name"] == "mnist/3.0.1"
    assert provenance["rows"] == 4000
    assert provenance["shape"] == [28, 28, 1]
    assert provenance["splits"] == {"train": 1840, "validation": 160, "test": 2000}
    again = TfdsImages("mnist:3.0.1", folder=shared, limit=2000, validation=0.5).load()
    assert again.provenance["fingerprint"] == provenance["fingerprint"]
    fewer = TfdsImages("mnist", folder=shared, limit=1999).load()
    assert fewer.provenance["fingerprint"] != provenance["fingerprint"]


def test_the_folder_is_the_option_or_the_environment(shared, monkeypatch, tmp_path):
    monkeypatch.setenv("TFDS_DATA_DIR", shared)
    assert len(TfdsImages("mnist", limit=50).load()) == 100
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert len(TfdsImages("mnist", limit=50, folder=shared).load()) == 100


# Binarisation


def test_binarised_pixels_are_0_or_255_with_the_pixels_probability(mnist, shared):
    splits = TfdsImages("mnist", folder=shared, limit=2000, binarise=True).load()
    assert set(np.unique(splits.features)) == {0, 255}
    probability = mnist.features / 255.0
    assert (splits.features[mnist.features == 0] == 0).all()
    assert (splits.features[mnist.features == 255] == 255).all()
    for low, high in ((0.05, 0.2), (0.4, 0.6), (0.8, 0.95)):
        grey = (probability > low) & (probability < high)
        expected = probability[grey].mean()
        deviation = np.sqrt((probability[grey] * (1 - probability[grey])).sum()) / grey.sum()
        assert (splits.features[grey] == 255).mean() == pytest.approx(expected, abs=5 * deviation)
    assert splits.notes[-1] == "Binarised: each pixel was drawn once as 0 or 255, 255 with probability pixel / 255."


def test_draws_are_fixed_and_do_not_depend_on_what_follows(shared):
    few, more = (TfdsImages("mnist", folder=shared, limit=limit, binarise=True).load() for limit in (100, 150))
    assert np.array_equal(few.features[:100], more.features[:100])
    assert np.array_equal(few.features[100:], more.features[150:250])


def test_training_images_alone_are_drawn_several_times_after_all_others(shared):
    once, thrice = (TfdsImages("mnist", folder=shared, limit=100, binarise=True, draws=n).load() for n in (1, 3))
    assert np.array_equal(once.features, thrice.features[:200])
    assert thrice.train.tolist() == [*range(92), *range(200, 384)]
    assert (thrice.validation.tolist(), thrice.test.tolist()) == (once.validation.tolist(), once.test.tolist())
    draws = thrice.take(thrice.train).reshape(3, 92, -1).astype(float)
    assert all((draws[i] != draws[j]).any() for i, j in ((0, 1), (0, 2), (1, 2)))
    grey = TfdsImages("mnist", folder=shared, limit=100).load().features[:92].reshape(92, -1)
    assert (draws[:, grey == 0] == 0).all()
    assert (draws[:, grey == 255] == 255).all()
    assert np.array_equal(thrice.labels[thrice.train], np.tile(once.labels[:92], 3))
    assert np.array_equal(thrice.groups[thrice.train], np.tile(np.arange(92), 3))
    assert once.groups is None
    assert "drawn 3 times" in thrice.notes[-1]
    with pytest.raises(ValueError, match="binarise"):
        TfdsImages("mnist", draws=2)


def test_train_and_test_are_drawn_independently(store, tfds):
    grey = [{"image": np.full((20, 20, 1), 128, np.uint8)}] * 20
    splits = store({"train": grey, "test": grey}, {"image": tfds.features.Image(shape=(20, 20, 1))})(binarise=True)
    drawn = splits.load().features
    assert not np.array_equal(drawn[:20], drawn[20:])


# Sets of other kinds


def test_without_a_test_split_the_last_tenth_of_train_is_held_out(store, labelled):
    rows, features = labelled
    splits = store({"train": rows}, features)(validation=0.2).load()
    assert np.array_equal(splits.features, PIXELS)
    assert splits.labels.tolist() == list(range(50))
    assert np.array_equal(splits.train, np.arange(36))
    assert np.array_equal(splits.validation, np.arange(36, 45))
    assert np.array_equal(splits.test, np.arange(45, 50))
    assert splits.notes == ("The set has no test split: held out the last 10 % of its train split for test.",)
    limited = store({"train": rows}, features)(validation=0.2, limit=4)
    # Four images leave one for validation; the test images still come from the end.
    assert limited.load().labels.tolist() == [0, 1, 2, 3, 45, 46, 47, 48]


def test_without_labels(store, tfds):
    rows = [{"image": pixels} for pixels in PIXELS]
    splits = store({"train": rows, "test": rows}, {"image": tfds.features.Image(shape=(6, 5, 3))})().load()
    assert splits.labels is None
    assert np.array_equal(splits.features, np.concatenate([PIXELS, PIXELS]))


def test_features_may_be_named(store, tfds):
    features = {
        "photo": tfds.features.Image(shape=(6, 5, 3)),
        "kind": tfds.features.Text(),
        "age": tfds.features.Scalar(np.int32),
        "caption": tfds.features.Text(),
    }
    kinds = ["cat", "Zoë", "東京"]
    rows = [
        {"photo": pixels, "kind": kinds[number % 3], "age": number, "caption": "x"}
        for number, pixels in enumerate(PIXELS)
    ]
    source = store({"train": rows}, features, supervised_keys=("photo", "caption"))
    assert source(image="photo").load().labels is None
    assert source(image="photo", label="kind").load().labels.tolist() == [kinds[number % 3] for number in range(50)]
    assert source(image="photo", label="age").load().labels.tolist() == list(range(50))
    with pytest.raises(
        InputError, match=r"data\.image=image is no image of ours/1\.0\.0; images there: photo; its feat"
    ):
        source().load()
    with pytest.raises(InputError, match=r"data\.label=kid: no class of ours/1\.0\.0; did you mean 'kind'\?"):
        source(image="photo", label="kid").load()


def test_a_set_without_images_lists_its_features(store, tfds):
    features = {"text": tfds.features.Text(), "label": tfds.features.ClassLabel(num_classes=2)}
    source = store({"train": [{"text": "x", "label": 0}] * 5}, features)
    message = (
        r"data\.image=image is no image of ours/1\.0\.0; it has no images; its features: label \(ClassLabel\), text "
    )
    with pytest.raises(InputError, match=message):
        source().load()


def test_a_set_without_a_train_split(store, labelled):
    rows, features = labelled
    with pytest.raises(InputError, match=r"ours/1\.0\.0 has no train split, only dev, test"):
        store({"dev": rows, "test": rows}, features)().load()


def test_images_of_16_bits_are_refused(store, tfds):
    rows = [{"image": np.zeros((6, 5, 1), np.uint16)}] * 5
    source = store({"train": rows}, {"image": tfds.features.Image(shape=(6, 5, 1), dtype=np.uint16)})
    with pytest.raises(InputError, match=r"the images of ours/1\.0\.0 are uint16, expected uint8 from 0 to 255"):
        source().load()


def test_images_of_a_size_that_is_not_declared(store, tfds):
    rows = [{"image": pixels} for pixels in PIXELS]
    splits = store({"train": rows}, {"image": tfds.features.Image(shape=(None, None, 3))})().load()
    assert np.array_equal(splits.features, PIXELS)


def test_images_of_differing_sizes(store, tfds):
    rows = [{"image": pixels} for pixels in PIXELS]
    other = {"image": np.full((9, 7, 3), 77, np.uint8)}
    features = {"image": tfds.features.Image(shape=(None, None, 3))}
    message = (
        r"its images are of differing sizes \(height x width\): 6x5, 9x7; resize all of them with data\.size=\.\.\."
    )
    source = store({"train": [*rows, other], "test": rows}, features)
    with pytest.raises(InputError, match=message):
        source().load()
    splits = source(size=4).load()
    assert splits.features.shape == (101, 4, 4, 3)
    assert (splits.features[50] == 77).all()
    assert splits.notes == ("Resized images of differing sizes to 4x4 pixels (height x width).",)


def test_a_size_that_only_test_has(store, tfds):
    rows = [{"image": pixels} for pixels in PIXELS]
    features = {"image": tfds.features.Image(shape=(None, None, 3))}
    source = store({"train": rows, "test": [*rows, {"image": np.zeros((9, 7, 3), np.uint8)}]}, features)
    with pytest.raises(InputError, match=r"of differing sizes \(height x width\): 6x5, 9x7; resize all of them"):
        source().load()


def test_size_averages_what_it_shrinks(mnist, shared):
    splits = TfdsImages("mnist", folder=shared, limit=100, size=14).load()
    assert splits.features.shape == (200, 14, 14, 1)
    expected = mnist.features[:100].mean(axis=(1, 2, 3))  # an antialiased image keeps its mean
    assert splits.features[:100].mean(axis=(1, 2, 3)) == pytest.approx(expected, abs=1)
    assert "Resized images of 28x28 to 14x14 pixels (height x width)." in splits.notes
    same = TfdsImages("mnist", folder=shared, limit=100, size=28).load()
    assert np.array_equal(same.features[:100], mnist.features[:100])


# Sets that are not there, or damaged


def test_nothing_is_downloaded_unasked(tmp_path, tfds):
    message = (
        r"data\.name=mnist: mnist/3\.0\.1 is not prepared in .* \(prepared there: none\); name the folder .*"
        r"TFDS_DATA_DIR=\.\.\. or data\.folder=\.\.\., or download it with data\.download=true"
    )
    with pytest.raises(InputError, match=message) as caught:
        TfdsImages("mnist", folder=str(tmp_path)).load()
    assert str(tmp_path) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_what_is_prepared_is_listed(store, labelled, tmp_path):
    store({"train": labelled[0]}, labelled[1])
    with pytest.raises(InputError, match=r"fashion_mnist/3\.0\.1 is not prepared in .*\(prepared there: ours\)"):
        TfdsImages("fashion_mnist", folder=str(tmp_path)).load()


def test_unknown_names(tmp_path, tfds):
    with pytest.raises(
        InputError, match=r"data\.name=mnits: .*no such set; did you mean 'mnist'.*prepared in .*: none"
    ):
        TfdsImages("mnits", folder=str(tmp_path)).load()
    with pytest.raises(InputError, match=r"mnist:9\.9\.9: .*cannot be loaded at version 9\.9\.9, only: 3\.0\.1"):
        TfdsImages("mnist:9.9.9", folder=str(tmp_path)).load()
    with pytest.raises(InputError, match=r"cifar10_corrupted/fog: .*cannot use this name .*fog.*name/config:version"):
        TfdsImages("cifar10_corrupted/fog", folder=str(tmp_path)).load()
    with pytest.raises(InputError, match=r"data\.name=a b: TensorFlow Datasets cannot use this name"):
        TfdsImages("a b", folder=str(tmp_path)).load()


def test_a_download_is_noted(tfds, tmp_path, labelled, capsys):
    rows, features = labelled

    class MadeHere(tfds.core.GeneratorBasedBuilder):
        """A set that is made without a network."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            info = {"features": tfds.features.FeaturesDict(features), "homepage": "https://example.org/made"}
            return tfds.core.DatasetInfo(builder=self, disable_shuffling=True, **info)

        def _split_generators(self, dl_manager):
            return {"train": enumerate(rows)}

        def _generate_examples(self):
            raise NotImplementedError

    pytest.importorskip("importlib_resources", reason="TensorFlow Datasets prepares nothing without it")
    source = TfdsImages("made_here", folder=str(tmp_path), download=True)
    splits = source.load()
    assert np.array_equal(splits.features, PIXELS)
    assert splits.notes[0] == f"Downloaded made_here/1.0.0 into {tmp_path}, from https://example.org/made."
    assert not any("Downloaded" in note for note in source.load().notes)
    assert capsys.readouterr().out == ""


def test_a_download_that_fails(tfds, tmp_path):
    # This set must be fetched by hand, which its builder says before it opens any connection.
    pytest.importorskip("importlib_resources", reason="TensorFlow Datasets downloads nothing without it")
    message = (
        r"data\.name=imagenet2012: imagenet2012/\S+ could not be downloaded into .*check the network and the folder"
    )
    with pytest.raises(InputError, match=message):
        TfdsImages("imagenet2012", folder=str(tmp_path), download=True).load()


def test_a_download_without_a_package_that_it_needs(tfds, tmp_path):
    if importlib.util.find_spec("importlib_resources"):
        pytest.skip("importlib_resources is there")
    message = r"downloading mnist/3\.0\.1 needs the package importlib_resources, .*pip install importlib_resources"
    with pytest.raises(InputError, match=message):
        TfdsImages("mnist", folder=str(tmp_path), download=True).load()


def test_damaged_files(store, labelled, tmp_path):
    source = store({"train": labelled[0]}, labelled[1])
    record = next(tmp_path.glob("ours/1.0.0/*train.tfrecord*"))
    whole = record.read_bytes()
    record.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        InputError, match=r"ours/1\.0\.0 in .*: train\[0:45\] cannot be read to its end \(.*prepare the set"
    ):
        source().load()
    record.unlink()
    with pytest.raises(InputError, match=r"train\[0:45\] cannot be read to its end"):
        source().load()


def test_a_split_without_rows(store, labelled):
    rows, features = labelled
    with pytest.raises(
        InputError, match=r"no row is left for validation \(train 45.*data\.validation=0\.0 or data\.lim"
    ):
        store({"train": rows}, features)(validation=0.0).load()
    with pytest.raises(InputError, match=r"no row is left for validation .*data\.limit=3"):
        store({"train": rows}, features)(limit=3).load()
    with pytest.raises(
        InputError, match=r"no row is left for validation and test \(train 4, validation 0, test 0 of 4 "
    ):
        store({"train": rows[:4]}, features)().load()


def test_without_the_package_its_name_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(InputError, match=r"package tensorflow-datasets, .*pip install tensorflow-datasets"):
        TfdsImages("mnist").load()


def test_reading_prints_nothing(shared):
    code = "from zoo.data import TfdsImages; TfdsImages('mnist', limit=300).load()"
    environment = os.environ | {"TFDS_DATA_DIR": shared}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == ""
    assert done.stderr == ""


def test_images_are_in_memory_once(shared):
    import tracemalloc

    TfdsImages("cifar10", folder=shared, limit=10, validation=0.5).load()
    tracemalloc.start()
    splits = TfdsImages("cifar10", folder=shared, limit=4000).load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert splits.features.nbytes == 8000 * 32 * 32 * 3
    assert peak < 1.3 * splits.features.nbytes
