"""Learning curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.page.drawing import INK, MUTED, OTHER, OWN, as_svg, new_axes, new_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from zoo.page.material import Material

TITLE = "Learning curves"
_FIRST = ("loss", "distortion", "rate")
_VALIDATION = "val_"


def draw(material: Material) -> dict[str, Any] | None:
    """A card for each mean that training reports, of training and validation rows."""
    trained = material.trained
    if trained is None or len(trained.history) < 2:
        return None
    names = dict.fromkeys(key.removeprefix(_VALIDATION) for logs in trained.history for key in logs)
    ordered = [name for name in _FIRST if name in names] + [name for name in names if name not in _FIRST]
    curves = {name: _card(name, trained.history, trained.best_epoch) for name in ordered}
    return {
        "cards": [{"name": name, "svg": svg} for name, svg in curves.items() if svg is not None],
        "epochs": len(trained.history),
        "best": trained.best_epoch + 1,
    }


def _card(name: str, history: Sequence[Mapping[str, float]], best: int) -> Markup | None:
    epochs = np.arange(1, len(history) + 1)
    train, validation = (
        np.asarray([logs.get(f"{prefix}{name}", np.nan) for logs in history], float) for prefix in ("", _VALIDATION)
    )
    known = np.concatenate([train, validation])
    known = known[np.isfinite(known)]
    if not len(known) or np.ptp(known) == 0:
        return None
    figure = new_figure(340, 190)
    axes = new_axes(figure, grid="y")
    for values, label, colour, style in (
        (train, "training", OTHER, (0, (4, 1.5))),
        (validation, "validation", OWN, "solid"),
    ):
        if np.isfinite(values).any():
            axes.plot(epochs, values, color=colour, linewidth=2, linestyle=style, label=label)
    if best >= 0:
        axes.axvline(best + 1, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    if known.min() > 0 and known.max() > 30 * known.min():
        axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="best")
    kept = validation if np.isfinite(validation).any() else train
    return as_svg(figure, f"curve-{name}", f"{name} by epoch, from {kept[0]:.4g} to {kept[-1]:.4g}")
