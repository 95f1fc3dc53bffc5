"""The network and loss of `vae_word2vec`: the zoo's trainer against the same in PyTorch, in one run.

Batches of 512 rows of the recipe's own table, drawn by their weights, as many steps at the recipe's first learning
rate. PyTorch has the rows in one tensor and their order drawn before (no loader), fused Adam, the preprocessing as
one matrix, and a process of its own; the zoo is fed as its trainer feeds it. What is compared is rows a second after
the first steps, and the mean loss after them, which must be about equal. Needs the extra `bench` (PyTorch).
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.benchmarks._pytorch import MISSING, elsewhere, is_there

WARM, STEPS, TURNS = 320, 1600, 3


def zoo(recipe, splits) -> tuple[float, float]:
    """Rows a second and the mean loss of the zoo's model, fed and compiled as the trainer does."""
    import keras

    from zoo.train.feed import Feed
    from zoo.train.workers import Workers

    keras.utils.set_random_seed(0)
    model, trainer = recipe.build("model"), recipe.build("train")
    model.build((None, *splits.shape))
    model.adapt(lambda: splits.weighted_batches(splits.train))
    trainer.schedule = "plateau"  # that is, a rate which stays
    trainer._compile(model, STEPS, trainer._at_once(STEPS, Workers()))
    model.fit(Feed(splits, trainer.batch_size, 0, steps=WARM).training(), shuffle=False, verbose=0)
    started = time.perf_counter()
    history = model.fit(Feed(splits, trainer.batch_size, 1, steps=STEPS).training(), shuffle=False, verbose=0).history
    return STEPS * trainer.batch_size / (time.perf_counter() - started), history["loss"][0]


def handed_over(recipe, splits, path: Path) -> None:
    """Writes what PyTorch needs: the table, the order of its rows, the preprocessing and the settings."""
    model, trainer, config = recipe.build("model"), recipe.build("train"), recipe.config["model"]
    model.build((None, *splits.shape))
    model.adapt(lambda: splits.weighted_batches(splits.train))
    centre, shrink, scaled = model.preprocess.values()
    shares = splits.weights[splits.train] / splits.weights[splits.train].sum()
    cosines = config["terms"]["cosines"]
    np.savez(
        path,
        table=splits.features,
        order=np.random.default_rng(0).choice(splits.train, size=(WARM + STEPS, trainer.batch_size), p=shares),
        mean=-np.asarray(centre(np.zeros((1, splits.width), np.float32))),
        matrix=np.asarray(shrink(np.eye(splits.width, dtype=np.float32))),
        length=np.linalg.norm(np.asarray(scaled(shrink(centre(splits.features[:1]))))),
        settings=json.dumps(
            {
                "latent": config["latent_dim"],
                "hidden": list(config["hidden"]),
                "rate": config["weight"],
                "temperature": cosines["temperature"],
                "cosines": cosines["weight"],
                "learning_rate": trainer.learning_rate,
            }
        ),
    )


def pytorch(path: str) -> tuple[float, float]:
    """The same with PyTorch, of what was handed over."""
    import torch
    from torch import nn
    from torch.nn import functional as f

    torch.manual_seed(0)
    given = np.load(path)
    settings = json.loads(str(given["settings"]))
    table, order, mean, matrix = (torch.from_numpy(given[name]) for name in ("table", "order", "mean", "matrix"))
    width, latent, length = table.shape[1], settings["latent"], float(given["length"])

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            a, b = settings["hidden"]
            self.down = nn.Sequential(nn.Linear(width, a), nn.GELU(), nn.Linear(a, b), nn.GELU())
            self.both = nn.Linear(b + width, 2 * latent)
            self.up = nn.Sequential(nn.Linear(latent, b), nn.GELU(), nn.Linear(b, a), nn.GELU())
            self.location = nn.Linear(a + latent, width)

        def forward(self, x):
            loc, raw = self.both(torch.cat([x, self.down(x)], 1)).chunk(2, 1)
            scale = f.softplus(raw) + 1e-3
            z = loc + scale * torch.randn_like(scale)
            return loc, scale, self.location(torch.cat([z, self.up(z)], 1))

    def cosine(x):
        unit = f.normalize(x, dim=1)
        return unit @ unit.T

    def loss_of(x):
        x = length * f.normalize((x - mean) @ matrix, dim=1)
        loc, scale, location = net(x)
        distortion = 0.5 * ((x - location) ** 2).sum(1) + 0.5 * width * np.log(2 * np.pi)
        rate = (0.5 * (scale**2 + loc**2 - 1) - scale.log()).sum(1)
        targets = cosine(x)
        shares = torch.softmax(targets / settings["temperature"] - itself, 1)
        kept = (shares * (cosine(loc) - targets) ** 2).sum(1)
        return (distortion + settings["rate"] * rate + settings["cosines"] * kept).mean()

    net, itself = Net(), 1e9 * torch.eye(order.shape[1])
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(net.parameters(), lr=settings["learning_rate"], eps=1e-7, fused=True)
    losses = []
    for step in range(WARM + STEPS):
        if step == WARM:
            started = time.perf_counter()
        loss = loss_of(table[order[step]])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return STEPS * order.shape[1] / (time.perf_counter() - started), float(torch.stack(losses[WARM:]).mean())


def main() -> dict:
    """The figures; the two sides take turns, since the machine may be busy, and the best of each counts."""
    if not is_there():
        return {"vae_word2vec": MISSING}
    from zoo.quiet import import_tensorflow
    from zoo.recipe import compose

    import_tensorflow()
    recipe = compose("vae_word2vec")
    splits = recipe.build("data").load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.npz"
        handed_over(recipe, splits, path)
        ours, theirs = zip(
            *((zoo(recipe, splits), elsewhere(__spec__.name, str(path))) for _ in range(TURNS)), strict=True
        )
    rate, other = max(each[0] for each in ours), max(each[0] for each in theirs)
    return {
        "zoo, rows/s": {"measured": f"{rate:.0f}, mean loss {ours[0][1]:.2f}"},
        "PyTorch, rows/s": {"measured": f"{other:.0f}, mean loss {theirs[0][1]:.2f}"},
        "zoo / PyTorch": {"measured": round(rate / other, 2), "wanted": ">= 1.2"},
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
