"""Images from TensorFlow Datasets."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.data._tfds import Part, as_labels, data_folder, first_line, prepared_builder, quiet, tensorflow_datasets
from zoo.errors import InputError, suggestion
from zoo.quiet import import_tensorflow
from zoo.tables.words import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from zoo.types import Fraction, PositiveInt, Splits

_BATCH = 256  # images that are decoded together
_SCANNED = 2048  # images whose sizes are looked at where a set does not declare one
_HELD_OUT = 0.1  # of the train split, where a set has no test split


class TfdsImages:
    """A source of images from a data set that TensorFlow Datasets (https://www.tensorflow.org/datasets) knows.

    Rows are in the order in which the set is stored, never shuffled: its train split, then its test split. Training has
    the first images of the train split, validation its last ones, test the test split; of a set without one, the last
    tenth of the train split. A set's other splits are not read.

    Nothing is downloaded unless `download` says so.

    Args:
        name: name of the set, such as "mnist", "cifar10" or "name/config:version".
        validation: fraction of the train split, its last images, for early stopping.
        limit: read the first so many images of train (before validation is cut off) and of test; None reads all.
        image: the feature that holds the image.
        label: the feature that holds the class; None takes the set's own target, or else "label", where there is one.
        binarise: draw each pixel once as 255, with probability pixel / 255, or 0: a fixed binarisation, as Larochelle
            and Murray 2011 ("The Neural Autoregressive Distribution Estimator") made it of MNIST. The draws are of a
            seed that never changes; they are not the file that these authors published.
        download: whether the set may be downloaded when it is not in its folder.
        folder: where prepared sets are; None takes the environment's TFDS_DATA_DIR, or else TensorFlow Datasets' own
            default.
        size: resize every image to size x size pixels (bilinear, antialiased, sides' ratio not kept); None takes
            images that are all of one size as they are.
        draws: rows that `binarise` makes of each training image, drawn independently; validation and test images are
            drawn once. Models that train for long learn a single draw by heart. Draws of one image are a group.

    Example:
        >>> TfdsImages("mnist").load().features.shape
        (70000, 28, 28, 1)
    """

    held_as: ClassVar = "zoo.data.ImageArray"

    def __init__(
        self,
        name: str,
        validation: Fraction = 0.08,
        limit: PositiveInt | None = None,
        image: str = "image",
        label: str | None = None,
        binarise: bool = False,
        download: bool = False,
        folder: str | None = None,
        size: PositiveInt | None = None,
        draws: PositiveInt = 1,
    ) -> None:
        if draws > 1 and not binarise:
            raise ValueError(f"data.draws={draws} goes with data.binarise=true")
        self.name, self.validation, self.limit, self.size = name, validation, limit, size
        self.image, self.label, self.binarise, self.draws = image, label, binarise, draws
        self.download, self.folder = download, folder

    def load(self) -> Splits:
        """Reads and splits the images.

        Returns:
            features [rows, height, width, channels] uint8 from 0 to 255; labels [rows] int64 or str, or None.

        Raises:
            InputError: the set is unknown, not prepared, damaged, without images, or of images of differing sizes.
        """
        from zoo.data._images import allocate, binarise, image_splits

        with quiet():  # whether the set is there and has what is asked for is known without TensorFlow
            builder, notes = prepared_builder(self.name, data_folder(self.folder), download=self.download)
            label = self._features(builder.info)
            parts = self._parts(builder.info)
            import_tensorflow()
            train, test = (part.rows for part in parts)
            cut, once = train - round(self.validation * train), train + test
            of = np.concatenate([np.arange(once), np.tile(np.arange(cut), self.draws - 1)])  # the image of each row
            images = allocate((len(of), *self._shape(builder, parts)), self._called(builder))
            places = (images[:train], images[train:once])
            labels = [self._read(builder, part, label, place) for part, place in zip(parts, places, strict=True)]
        if self.binarise:
            for start in range(once, len(of), cut):
                images[start : start + cut] = images[:cut]
            for number, drawn in enumerate((*places, images[once:])):
                binarise(drawn, seed=(0, number))
        order = np.arange(len(of))
        trained_on = np.concatenate([order[:cut], order[once:]])
        return image_splits(
            images,
            {"train": trained_on, "validation": order[cut:train], "test": order[train:once]},
            name=self._called(builder),
            options=f"data.validation={self.validation} or data.limit={self.limit}",
            labels=np.concatenate(labels)[of] if label else None,
            groups=of if self.draws > 1 else None,
            provenance=self._provenance(builder, parts, label),
            notes=[*notes, *self._notes(builder.info, parts)],
        )

    def _called(self, builder: Any) -> str:
        return f"data.name={self.name} ({builder.info.full_name} in {data_folder(self.folder)})"

    def _features(self, info: Any) -> str | None:
        """Checks that the image is one; returns the feature that holds the class."""
        tfds = tensorflow_datasets()
        there = dict(info.features.items()) if isinstance(info.features, tfds.features.FeaturesDict) else {}
        images = [name for name, feature in there.items() if isinstance(feature, tfds.features.Image)]
        if self.image not in images:
            listed = ", ".join(f"{name} ({type(feature).__name__})" for name, feature in sorted(there.items()))
            hint = suggestion(self.image, images, what="images there") if images else "it has no images"
            raise InputError(
                f"data.name={self.name}: data.image={self.image} is no image of {info.full_name}; {hint}; its "
                f"features: {listed or info.features}"
            )
        if there[self.image].np_dtype != np.uint8:
            raise InputError(
                f"data.name={self.name}: the images of {info.full_name} are {np.dtype(there[self.image].np_dtype)}, "
                "expected uint8 from 0 to 255; take another set, or write it as files and read these with ImageFolder"
            )
        classes = {name: kind for name, feature in there.items() if (kind := _class_kind(feature))}
        if self.label is not None and self.label not in classes:
            raise InputError(
                f"data.label={self.label}: no class of {info.full_name}; "
                f"{suggestion(self.label, classes, what='integers and strings there')}"
            )
        if self.label is not None:
            return self.label
        own = (info.supervised_keys or (None, None))[1]
        # A target of text is a caption as often as a class, so that it must be asked for.
        wanted = [name for name in (own, "label") if isinstance(name, str) and classes.get(name) == "integer"]
        return wanted[0] if wanted else None

    def _parts(self, info: Any) -> tuple[Part, Part]:
        """What train (validation included) and test are read from."""
        sizes = {name: int(split.num_examples) for name, split in info.splits.items()}
        if "train" not in sizes:
            raise InputError(
                f"data.name={self.name}: {info.full_name} has no train split, only {', '.join(sorted(sizes))}; take "
                "another set"
            )
        train, limit = sizes["train"], self.limit or sys.maxsize
        if "test" in sizes:
            return Part("train", 0, min(train, limit)), Part("test", 0, min(sizes["test"], limit))
        cut = train - round(_HELD_OUT * train)
        return Part("train", 0, min(cut, limit)), Part("train", cut, min(train, cut + limit))

    def _shape(self, builder: Any, parts: tuple[Part, Part]) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        height, width, channels = builder.info.features[self.image].shape
        if channels is None or (self.size is None and None in (height, width)):
            height, width, channels = self._scanned_shape(builder, parts[0])
        if self.size is not None:
            height = width = self.size
        return height, width, channels

    def _scanned_shape(self, builder: Any, part: Part) -> tuple[int, int, int]:
        """The shape of a part's first images; later ones are compared with it as they are read."""
        tf = import_tensorflow()
        first = Part(part.split, part.start, min(part.stop, part.start + _SCANNED))
        shapes = self._dataset(builder, first, None).map(lambda example: tf.shape(example[self.image])).batch(_BATCH)
        with self._damage_explained(builder, first):
            rows = [shape for batch in shapes.as_numpy_iterator() for shape in batch.tolist()]
        found: list[tuple[int, int, int]] = sorted({(height, width, channels) for height, width, channels in rows})
        sizes = {shape[:2] for shape in found}
        if len(sizes) > 1 and self.size is None:
            self._refuse_sizes(builder, [f"{height}x{width}" for height, width in sorted(sizes)])
        if len({shape[2] for shape in found}) > 1:
            raise InputError(
                f"{self._called(builder)}: some images have {found[0][2]} channels and some {found[-1][2]}; take "
                "another set, or write it as files and read these with ImageFolder"
            )
        if not found:
            raise InputError(f"{self._called(builder)}: the split {part.split} has no images; prepare it again")
        return found[0]

    def _refuse_sizes(self, builder: Any, sizes: list[str]) -> None:
        raise InputError(
            f"{self._called(builder)}: its images are of differing sizes (height x width): {named(sizes)}; resize all "
            "of them with data.size=..., such as data.size=32"
        )

    def _dataset(self, builder: Any, part: Part, label: str | None) -> Any:
        tfds = tensorflow_datasets()
        wanted = {name: True for name in (self.image, label) if name}
        return builder.as_dataset(
            split=str(part),
            shuffle_files=False,
            decoders=tfds.decode.PartialDecoding(wanted),
            # A cache would be a second copy of the images; interleaved files would not be in the stored order.
            read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
        )

    def _read(self, builder: Any, part: Part, label: str | None, images: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """Fills images [part.rows, ...] and returns their labels [part.rows]."""
        if not part.rows:  # TensorFlow Datasets refuses to read nothing; the split is reported as empty later
            return np.empty(0, np.int64)
        tf = import_tensorflow()
        shape = images.shape[1:]

        def prepare(example: Any) -> Any:
            image = example[self.image]
            if self.size is not None and image.shape[:2] != shape[:2]:
                resized = tf.image.resize(image, shape[:2], antialias=True)
                image = tf.cast(tf.round(tf.clip_by_value(resized, 0, 255)), tf.uint8)
            if not image.shape.is_fully_defined():  # the set does not declare it, so each image is looked at
                image = tf.ensure_shape(image, shape)
            return image, example[label] if label else tf.constant(0, tf.int64)

        batches = self._dataset(builder, part, label).map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
        batches = batches.batch(_BATCH, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)
        labels: list[npt.NDArray[Any]] = []
        start = 0
        with self._damage_explained(builder, part):
            for block, classes in batches.as_numpy_iterator():
                images[start : start + len(block)] = block
                labels.append(classes)
                start += len(block)
        if start != part.rows:
            raise InputError(
                f"{self._called(builder)}: {part} holds {start:,} images instead of {part.rows:,}; prepare it again"
            )
        return as_labels(np.concatenate(labels))

    @contextmanager
    def _damage_explained(self, builder: Any, part: Part) -> Iterator[None]:
        """Turns what TensorFlow says about the set's files into an InputError."""
        tf = import_tensorflow()
        try:
            yield
        except (tf.errors.OpError, AssertionError, OSError) as error:
            differing = re.search(r"\[([\d,]+)\] is not compatible with expected shape \[([\d,]+)\]", str(error))
            if differing:
                self._refuse_sizes(builder, ["x".join(shape.split(",")[:2]) for shape in reversed(differing.groups())])
            raise InputError(
                f"{self._called(builder)}: {part} cannot be read to its end ({first_line(error)}); prepare the set "
                "again, or name another folder with data.folder=..."
            ) from error

    def _notes(self, info: Any, parts: tuple[Part, Part]) -> list[str]:
        train, test = parts
        notes = []
        if test.split == "train":
            notes.append(
                f"The set has no test split: held out the last {100 * _HELD_OUT:.0f} % of its train split for test."
            )
        if self.limit is not None and self.limit in (train.rows, test.rows):
            notes.append(f"Read the first {train.rows:,} images of train and {test.rows:,} of test (data.limit).")
        declared = info.features[self.image].shape
        if self.size is not None and tuple(declared[:2]) != (self.size, self.size):
            was = "differing sizes" if None in declared[:2] else f"{declared[0]}x{declared[1]}"
            notes.append(f"Resized images of {was} to {self.size}x{self.size} pixels (height x width).")
        if self.binarise:
            notes.append("Binarised: each pixel was drawn once as 0 or 255, 255 with probability pixel / 255.")
        if self.draws > 1:
            notes.append(f"Each training image was drawn {self.draws} times, independently (data.draws).")
        return notes

    def _provenance(self, builder: Any, parts: tuple[Part, Part], label: str | None) -> dict[str, Any]:
        names = getattr(builder.info.features[label], "names", None) if label else None
        return {
            "source": type(self).__name__,
            "name": builder.info.full_name,
            "folder": data_folder(self.folder),
            "read": [str(part) for part in parts],
            "limit": self.limit,
            "size": self.size,
            "binarise": self.binarise,
            "draws": self.draws,
            "label": label,
            "classes": list(names) if names else None,
        }


def _class_kind(feature: Any) -> str | None:
    """Whether a feature is one integer or one text a row; None if it is neither."""
    if feature.shape != ():
        return None
    return {"i": "integer", "u": "integer", "b": "integer", "O": "text", "S": "text", "U": "text"}.get(
        np.dtype(feature.np_dtype).kind
    )
