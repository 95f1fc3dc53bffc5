"""Residual convolutions on 28 x 28: the zoo's training loop against the same network in PyTorch, in one run.

The network of `conv_mnist` with a linear code and squared error, batches of 256, fused Adam and channels-last in
PyTorch; both resize after what acts pixel by pixel. Both see the same random images for as many steps; what is
compared is images a second after the first steps, and the loss at the end, which must be about equal. Once in float32
and, where the processor multiplies in bfloat16, once in that (PyTorch's automatic casts). PyTorch has a process of
its own. Needs the extra `bench` (PyTorch).
"""

import itertools
import json
import sys
import time
from pathlib import Path

import numpy as np

from tests.benchmarks._pytorch import MISSING, elsewhere, is_there

BATCH, WARM, STEPS, LATENT = 256, 10, 60, 32
WIDTHS, BACK = (32, 64, 128), (32, 16, 8)


def images() -> np.ndarray:
    """[rows, 28, 28, 1] uint8: smooth random blobs, which a 32-d code can hold."""
    random = np.random.default_rng(0)
    coarse = random.uniform(0, 255, size=((WARM + STEPS) * BATCH // 10, 4, 4, 1))
    return np.kron(coarse, np.ones((1, 7, 7, 1))).astype(np.uint8)


def zoo(table: np.ndarray, precision: str) -> tuple[float, float]:
    """Images a second and the last loss of the zoo's model, fed as the trainer feeds it."""
    from zoo.quiet import import_tensorflow

    import_tensorflow()
    import keras

    from zoo.models.conv_autoencoder import ConvAutoencoder
    from zoo.train.feed import Feed
    from zoo.train.lazy_adam import LazyAdam
    from zoo.train.precision import twin
    from zoo.types import Splits

    keras.utils.set_random_seed(0)
    rows = np.arange(len(table))
    splits = Splits(table, train=rows, validation=rows[:1], test=rows[:1])
    model = ConvAutoencoder(LATENT, list(WIDTHS), decoder_widths=list(BACK))
    model.build((None, 28, 28, 1))
    if precision == "bfloat16":
        model = twin(model, "mixed_bfloat16")
    model.compile(optimizer=LazyAdam(1e-3), jit_compile=False, steps_per_execution=10)
    model.fit(Feed(splits, BATCH, 0, steps=WARM).training(), shuffle=False, verbose=0)
    started = time.perf_counter()
    history = model.fit(Feed(splits, BATCH, 1, steps=STEPS).training(), shuffle=False, verbose=0).history
    return STEPS * BATCH / (time.perf_counter() - started), history["loss"][0]


def pytorch(precision: str) -> tuple[float, float]:
    """The same with PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional as f

    torch.manual_seed(0)
    table = images()

    class Block(nn.Module):
        def __init__(self, before, after, stride=1, scale=1):
            super().__init__()
            self.first = nn.Conv2d(before, after, 3, stride, 1)
            self.second = nn.Conv2d(after, after, 3, 1, 1)
            changes = stride > 1 or before != after
            self.shortcut = nn.Conv2d(before, after, 1, stride) if changes else None
            self.scale = scale

        def forward(self, x):
            h = f.relu(x)
            shortcut = x if self.shortcut is None else self.shortcut(h)
            if self.scale > 1:
                h, shortcut = (f.interpolate(each, scale_factor=self.scale) for each in (h, shortcut))
            return shortcut + self.second(f.relu(self.first(h)))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(1, WIDTHS[0], 3, 1, 1)
            self.down = nn.ModuleList(Block(a, b, stride=2) for a, b in itertools.pairwise((WIDTHS[0], *WIDTHS)))
            self.code = nn.Linear(WIDTHS[-1] * 16, LATENT)
            self.first = nn.Linear(LATENT, BACK[0] * 16)
            self.up = nn.ModuleList(Block(a, b, scale=2) for a, b in itertools.pairwise((BACK[0], *BACK)))
            self.location = nn.Conv2d(BACK[-1], 1, 1)

        def forward(self, x):
            h = self.stem(x)
            for block in self.down:
                h = block(h)
            h = self.first(self.code(f.relu(h).flatten(1))).reshape(len(x), -1, 4, 4)
            for block in self.up:
                h = block(h)
            return self.location(f.relu(h)[:, :, 2:-2, 2:-2])

    model = Model().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    tensor = torch.from_numpy(table).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    order = np.random.default_rng(0).permutation(np.arange((WARM + STEPS) * BATCH) % len(table))
    losses = []
    for step in range(WARM + STEPS):
        if step == WARM:
            started = time.perf_counter()
        x = tensor[order[step * BATCH : (step + 1) * BATCH]].float() / 255
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            location = model(x)
        loss = 0.5 * ((location.float() - x) ** 2).sum((1, 2, 3)).mean() + 392 * np.log(2 * np.pi)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return STEPS * BATCH / (time.perf_counter() - started), float(torch.stack(losses[WARM:]).mean())


def main() -> dict:
    """The figures; the two sides take turns, since the machine may be busy, and the best of each counts."""
    if not is_there():
        return {"residual convolution": MISSING}
    from zoo.train.precision import multiplies_in_bfloat16

    table, figures = images(), {}
    for precision in ("float32", "bfloat16") if multiplies_in_bfloat16() else ("float32",):
        ours, theirs = zip(
            *((zoo(table, precision), elsewhere(__spec__.name, precision)) for _ in range(3)), strict=True
        )
        rate, other = max(each[0] for each in ours), max(each[0] for each in theirs)
        figures |= {
            f"zoo, {precision}, images/s": {"measured": f"{rate:.0f}, mean loss {ours[0][1]:.1f}"},
            f"PyTorch, {precision}, images/s": {"measured": f"{other:.0f}, mean loss {theirs[0][1]:.1f}"},
            f"zoo / PyTorch, {precision}": {"measured": round(rate / other, 2), "wanted": ">= 1.15"},
        }
    return figures


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
