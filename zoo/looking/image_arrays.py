"""Arrays of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._image_shapes import image_shape
from zoo.data._pixels import Pixels
from zoo.errors import InputError
from zoo.looking.advice import Advice
from zoo.looking.images import MOST, SIDE, judged, judged_by, model_of
from zoo.tables.cells import whole
from zoo.tables.npy_table import COLUMN
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.looking.sample import Sample
    from zoo.looking.wishes import Wishes

_RECIPE = "conv_folder"
_LABELS = ("y", "labels", "label", "targets", "target", "classes")
_NARROW = 0.1  # sides that differ so much are rather of series than of images


def images_of_array(
    sample: Sample, row_shape: tuple[int, ...], data: Mapping[str, Any], wishes: Wishes, where: str
) -> Advice:
    """The recipe for an array of images, the first column of a sample; labels may lie beside it.

    Raises:
        InputError: rows of another shape than images have, or that say nothing.
    """
    if wishes.recipe is not None:
        raise InputError(f"{where}: an array of images holds no rows for recipe={wishes.recipe}; leave it out")
    name, *beside = sample.rows.column_names
    of = sample.of or sample.rows.num_rows
    height, width, channels = image_shape([of, *row_shape], where)
    numbers = np.asarray(whole(sample.rows.column(name)).flatten().to_numpy(zero_copy_only=False))
    pixels = Pixels.of(numbers, where)
    label = None if wishes.labels else _label(sample, beside, wishes)
    key = wishes.key or None
    is_large = max(height, width) > MOST
    own = {
        "_target_": "zoo.data.ImageArray",
        **data,
        **({} if name == COLUMN else {"image_column": name}),
        "label_column": label,
        "labels": wishes.labels,
        "key_column": key,
        "size": SIDE if is_large else None,
    }
    own = {name: value for name, value in own.items() if value is not None or name == "size"}
    own |= {} if np.isfinite(numbers).all() else {"invalid": "drop"}
    shorter = SIDE if is_large else min(height, width)
    model = model_of(shorter)
    has_classes = label is not None or wishes.labels is not None
    settings: dict[str, Any] = {"data": own, "model": model} | judged(shorter, by_classes=has_classes)
    if not pixels.is_usual:
        settings["model"] = {**model, "preprocess": {"rescale": pixels.rescale()}}
    colours = "in colours" if channels == 3 else "in grey"
    others = [each for each in beside if each not in {label, key}]
    return Advice(
        _RECIPE,
        settings,
        f"An array of images of {height} x {width} pixels, {colours}.",
        (pixels.in_words(),),
        unsure=_unsure(sample, row_shape, others, pixels, has_classes=has_classes),
        remarks={
            "data.label_column": "only judging sees it",
            "data.size": f"they are {height} x {width}; a larger size sees more, and takes longer as its square",
            "data.invalid": "images that hold NaN are left out",
            "model.encoder.network.side": "pixels of a patch",
            **judged_by("the labels judge", by_classes=has_classes),
        },
    )


def _label(sample: Sample, beside: list[str], wishes: Wishes) -> str | None:
    """The column of labels: the one that the user names, or that is called so."""
    if wishes.label is not None:
        return wishes.label or None
    called = [each for each in beside if each.lower() in _LABELS or set(each.lower().split("_")) & {*_LABELS}]
    return next((each for each in called if len(set(sample.rows.column(each).to_pylist())) > 1), None)


def _unsure(
    sample: Sample, row_shape: tuple[int, ...], others: list[str], pixels: Pixels, *, has_classes: bool
) -> tuple[str, ...]:
    unsure = []
    if len(row_shape) == 2 and min(row_shape) < _NARROW * max(row_shape):
        unsure.append(
            "Whether these are images: if they are series or the like, make rows of numbers of them with "
            "numpy.reshape(array, (len(array), -1))."
        )
    if not pixels.is_known:
        unsure.append(
            "On which scale the pixels are: model.preprocess.rescale.scale and .offset take them to 0 to 1, as seen in "
            f"{count(sample.rows.num_rows, 'image')}."
        )
    unsure.append("Whether a mirrored image is the same thing, as of photographs: else model.encoder.views.flip=0.")
    if not has_classes:
        hint = f" of {some(others)}" if others else ""
        unsure.append(f"Which class each is of: data.labels=FILE names a file of labels, data.label_column= one{hint}.")
    return tuple(unsure)
