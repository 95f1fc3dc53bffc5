"""Folders of images."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data._image_files import Losses, decoded, decoder_says, find_images, height_by_width, sizes_of
from zoo.errors import InputError
from zoo.looking.advice import Advice
from zoo.tables.words import count, named

if TYPE_CHECKING:
    from zoo.data._image_files import Found, Size

_LOOKED_AT, _DECODED = 500, 50
_PATCH = 6  # pixels of a patch's side in the recipe
SIDE, MOST = 32, 48  # pixels: what images are made smaller to, and the side up to which they are taken as they are
_MOVED = 3  # pixels that the recipe moves images of that side by
_SHOWN, _FEW = 5, 20
_SPLITS = {"train", "training", "valid", "val", "validation", "test", "testing"}
_OPPONENTS = ("pca", "pca_whitened", "patches", "untrained")
_BY_CLASSES = ("knn_accuracy", "linear_probe", "class_separation", "mean_average_precision")


def images_in(place: str) -> Advice | None:
    """The recipe for a folder of images; None where there are none.

    Raises:
        InputError: none of them can be read.
    """
    folder = Path(place).expanduser()
    found = find_images(folder)
    if not found.images:
        return None
    keys = found.images[:: max(len(found.images) // _LOOKED_AT, 1)][:_LOOKED_AT]
    sizes, broken = sizes_of(folder, keys)
    if not sizes:
        raise InputError(f"{place}: none of {count(len(keys), 'image')} can be read; export them again")
    coloured = _coloured(folder, list(sizes)[:: max(len(sizes) // _DECODED, 1)], broken)
    usual, number = Counter(sizes.values()).most_common(1)[0]
    as_is = number == len(sizes) and len(keys) == len(found.images) and max(usual) <= MOST
    side = min(SIDE, *usual)
    data = {"path": place, "size": None if as_is else side, "channels": 3 if coloured else 1, "invalid": "drop"}
    classes = Counter(key.partition("/")[0] for key in found.images if "/" in key)
    shorter = min(usual) if as_is else side
    advice = Advice(
        "conv_folder",
        {"data": data, "model": model_of(shorter)} | judged(shorter, by_classes=len(classes) > 1),
        "A folder of images" + (f" in {count(len(classes), 'sub-folder')}, taken for classes." if classes else "."),
        _seen(found, keys, sizes, coloured=coloured),
        unsure=_unsure(classes, found),
        remarks={
            "data.size": f"null keeps {height_by_width(usual)}"
            if as_is
            else f"they are {height_by_width(usual)}; a larger size sees more, and takes longer as its square",
            "data.channels": "1 grey, 3 colours",
            "data.invalid": "files that cannot be decoded are left out and counted",
            "model.encoder.network.side": "pixels of a patch",
            **judged_by("the sub-folders judge", by_classes=len(classes) > 1),
        },
    )
    return advice.beside(seen=(_broken(broken),) if broken else ())


def model_of(side: int) -> dict[str, Any]:
    """Smaller patches for images in which the recipe's would be most of a side, as `PatchKMeans` has them."""
    patch = max(3 * side // 8, 2)
    return {"encoder": {"network": {"side": patch}}} if patch < _PATCH else {}


def judged(side: int, *, by_classes: bool) -> dict[str, Any]:
    """What judges images of a side: by their classes, where they have some, else by whether a moved one is found."""
    moved = {"found_shifted": {"amount": max(_MOVED * side // SIDE, 1)}} if side < SIDE else {}
    if not by_classes:
        return {"metrics": dict.fromkeys(_BY_CLASSES) | moved}
    beats = list(_OPPONENTS)
    return ({"metrics": moved} if moved else {}) | {
        "gates": {
            "neighbours": {"metric": "knn_accuracy", "beats": beats},
            "probe": {"metric": "linear_probe", "beats": beats, "margin": -0.01},
        }
    }


def judged_by(what: str, *, by_classes: bool) -> dict[str, str]:
    """Remarks on what `judged` gives."""
    return {
        "metrics.found_shifted.amount": "pixels, of so few",
        **({"gates": what} if by_classes else {"metrics": "those of null need classes"}),
    }


def _seen(found: Found, keys: list[str], sizes: dict[str, Size], *, coloured: bool) -> tuple[str, ...]:
    looked = "" if len(keys) == len(found.images) else f", of which {len(keys):,} were looked at"
    counts = Counter(sizes.values()).most_common(_SHOWN)
    shown = ", ".join(f"{height_by_width(size)} ({number:,})" for size, number in counts)
    more = ", .." if len(set(sizes.values())) > _SHOWN else ""
    seen = [
        f"{count(len(found.images), 'image')}{looked}, in {'colours' if coloured else 'grey'}.",
        f"Height x width in pixels: {shown}{more}.",
    ]
    if found.others:
        seen.append(f"Passed over {count(len(found.others), 'file')} with names of no image: {named(found.others)}.")
    return tuple(seen)


def _broken(broken: dict[str, str]) -> str:
    listed = named([f"{key} ({reason})" for key, reason in sorted(broken.items())])
    return f"{count(len(broken), 'file')} cannot be decoded: {listed}."


def _unsure(classes: Counter[str], found: Found) -> tuple[str, ...]:
    unsure = []
    if len(classes) > 1 and {name.lower() for name in classes} <= _SPLITS:
        unsure.append(f"The sub-folders are {', '.join(classes)}, which look like splits: name one of them instead.")
    elif classes:
        least, fewest = min(classes.items(), key=lambda each: each[1])
        unsure.append(
            "Whether the sub-folders are classes"
            + (f", of which '{least}' has {fewest:,} images." if fewest < 20 else ".")
        )
    unsure.append("Whether a mirrored image is the same thing, as of photographs: else model.encoder.views.flip=0.")
    loose = len(found.images) - sum(classes.values())
    if classes and loose:
        unsure.append(f"{count(loose, 'image')} outside the sub-folders have no label.")
    return tuple(unsure)


def _coloured(folder: Path, keys: list[str], broken: dict[str, str]) -> bool:
    """Whether any of these images has colours; adds those that cannot be decoded."""
    for key in keys:
        losses = Losses()
        try:
            decoded(folder / key, key, (8, 8, 1), losses)
        except Exception as error:  # noqa: BLE001, RUF100  a decoder may raise anything on damaged bytes
            broken[key] = decoder_says(error)
        else:
            if any("colours" in what for what in losses.files):
                return True
    return False
