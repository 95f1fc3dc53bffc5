"""What a generative model draws: along single numbers of its code, and from its prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.page.pictures import Pictures

if TYPE_CHECKING:
    from zoo.page.material import Material

TITLE = "What the model draws"
_DIMENSIONS, _STEPS, _SAMPLES = 6, 7, 16


def draw(material: Material) -> dict[str, Any] | None:
    """Traversals of the numbers that vary most, and samples."""
    trained = material.trained
    if trained is None or trained.model is None or not trained.model.is_generative or material.splits.is_sparse:
        return None
    from zoo.encoder import Encoder

    encoder = Encoder.from_model("page", trained.model, kind=material.splits.kind)
    pictures, splits = Pictures(material), material.splits
    codes = np.asarray(material.codes, float)
    spread = codes.std(axis=0)
    chosen = np.argsort(-spread, kind="stable")[:_DIMENSIONS]
    steps = np.linspace(-2.5, 2.5, _STEPS)
    walked = np.repeat(codes.mean(axis=0)[None], len(chosen) * _STEPS, axis=0)
    for place, dimension in enumerate(chosen):
        walked[place * _STEPS : (place + 1) * _STEPS, dimension] += steps * spread[dimension]
    drawn = splits.on_scale(encoder.decode(walked.astype(np.float32))).reshape(len(walked), -1)
    names = [f"number {dimension + 1} at {step:+.1f} deviations" for dimension in chosen for step in steps]
    shown = pictures.of_values(drawn, names)
    sampled = splits.on_scale(encoder.sample(_SAMPLES, seed=material.settings.seed)).reshape(_SAMPLES, -1)
    return {
        "steps": [f"{step:+.1f}" for step in steps],
        "traversals": [
            (int(dimension) + 1, float(spread[dimension]), shown[place * _STEPS : (place + 1) * _STEPS])
            for place, dimension in enumerate(chosen)
        ],
        "samples": pictures.of_values(sampled, [f"sample {place}" for place in range(1, _SAMPLES + 1)]),
        "shape": "image" if pictures.are_images else "strip",
    }
