"""Why a plain autoencoder of records finds nobody again: it beside this zoo's, and what makes the difference.

On FEBRL 3 and on providers of child care whose categories are mostly empty: F1 and average precision of candidate pairs
by the cosine, for codes of 64 numbers, and histograms of the cosines of matches and of the nearest others
(`plain_records.png` beside the figures). 20 minutes on 2 cores.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from zoo.encoder import Encoder
from zoo.keras_settings import zoo_settings
from zoo.metrics import MatchAveragePrecision, MatchF1
from zoo.page.matches import histogram, match_cosines
from zoo.recipe import compose
from zoo.representations._encoded_table import EncodedTable
from zoo.stages.model import built_model

PROVIDERS = "${oc.env:ZOO_DATA,../shared/data}/entity_resolution/chicago-early-childhood-providers/records.csv"
FIELDS = "site_name,address,zip,phone,program_name,length_of_day,funded_enrollment,neighborhood"
TABLES = {
    "FEBRL 3": ["data.path=null", "data.dataset=febrl3"],
    "providers": ["data.dataset=null", f"data.path='{PROVIDERS}'", f"data.columns=[{FIELDS}]"],
}
VIEWS = "model.terms={agree: {_target_: zoo.objectives.AgreeAcrossViews, of: copy, weight: 1000.0, temperature: 0.05}}"
ALONE = ["model.terms=null", "train.epochs=150", "train.schedule=plateau", "train.keep=best"]
TAUGHT = [VIEWS, "train.epochs=30", "train.schedule=cosine", "train.keep=last"]
SURE = 0.9  # precision
BLUE, GREY, INK = "#3b6fb6", "#8a8f96", "#222222"


def trained(recipe, closed_form=True):
    """The table of a recipe and a model trained as it says."""
    splits = recipe.build("data").load()
    with zoo_settings(), tempfile.TemporaryDirectory() as folder:
        model = built_model(recipe, splits, lambda _: None)
        if not closed_form:
            model.encoder.solves_from_copies = False
        recipe.build("train").fit(model, splits, seed=recipe.seed, state=Path(folder) / "state")
    return EncodedTable(Encoder.from_model("encoder", model, kind=splits.kind), splits), splits


class Codes:
    """Codes [n, dimensions] of the test rows."""

    name = "codes"

    def __init__(self, splits, codes):
        self.codes = np.zeros((len(splits), codes.shape[1]))
        self.codes[splits.test] = codes

    def encode(self, rows):
        """The codes of rows."""
        return self.codes[rows]


def scores(representation, splits):
    """F1 and average precision."""
    found = []
    for metric in (MatchF1(), MatchAveragePrecision()):
        values = metric.values(representation, splits)
        found.append(round(float(metric.statistic(values, np.ones((1, len(values))))[0]), 3))
    return found


def all_alike(codes, places, gaps_agree):
    """Codes [n, dimensions] whose fields have length 1; a gap is a direction of its own, or nothing."""
    changed = codes.copy()
    for start, end in places.values():
        lengths = np.linalg.norm(codes[:, start:end], axis=1)
        changed[:, start:end] /= np.where(lengths > 0, lengths, 1)[:, None]
        if gaps_agree:
            changed[lengths == 0, start] = 1
    return changed


def whitened(representation, splits):
    """Codes [n, dimensions] of the test rows by the principal components of training rows, each of variance 1."""
    known = representation.encode(splits.train).astype(float)
    mean = known.mean(axis=0)
    _, sizes, directions = np.linalg.svd(known - mean, full_matrices=False)
    return (representation.encode(splits.test) - mean) @ directions.T / np.maximum(sizes, 1e-6 * sizes[0])


def directions_used(representation, splits):
    """How many directions the variance of codes fills: the exponential of its entropy."""
    codes = representation.encode(splits.test).astype(float)
    shares = np.linalg.svd(codes - codes.mean(axis=0), compute_uv=False) ** 2
    shares /= shares.sum()
    return round(float(np.exp(-(shares * np.log(np.maximum(shares, 1e-300))).sum())), 1)


def sure_from(found):
    """From which cosine on 9 of 10 pairs are matches, and the share of matches that lie above."""
    order = np.argsort(-found.cosines)
    hits = np.cumsum(found.is_match[order])
    good = np.flatnonzero(hits / np.arange(1, len(order) + 1) >= SURE)
    if not len(good):
        return 1.0, 0.0
    return float(found.cosines[order[good[-1]]]), float(hits[good[-1]] / found.is_match.sum())


def draw(shown, path):
    """Histograms, a row a table, a column an encoder."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.2, 2.55 * len(shown)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(shown), 2, squeeze=False)
    for row, (table, by_encoder) in zip(axes, shown.items(), strict=True):
        for place, (encoder, found) in zip(row, by_encoder.items(), strict=True):
            histogram(place, found, 0.0, (GREY, BLUE, INK))
            line, share = sure_from(found)
            place.axvline(line, color=INK, linewidth=1, linestyle=(0, (3, 2)))
            place.set_title(
                f"{table}, {encoder}\n9 of 10 pairs above {line:.3f} are matches: {share:.0%} of all matches",
                fontsize=9,
                loc="left",
                color=INK,
            )
            place.spines[["top", "right", "left"]].set_visible(False)
    figure.savefig(path)


def main(path):
    """Trains, measures, draws."""
    figures, shown = {}, {}
    for table, data in TABLES.items():

        def add(what, values, table=table):
            figures[f"{table}: {what}: F1, average precision"] = {"measured": values}

        plain, splits = trained(compose("records_reconstruction", data))
        add("reconstruction alone, one code of all fields", scores(plain, splits))
        add("the same, its principal components whitened", scores(Codes(splits, whitened(plain, splits)), splits))
        figures[f"{table}: directions of 64 that its variance fills"] = {"measured": directions_used(plain, splits)}
        taught, splits = trained(compose("records_reconstruction", [*data, *TAUGHT]))
        add("the same, taught that a record and a copy with errors agree", scores(taught, splits))
        apart, splits = trained(compose("records_table", [*data, *ALONE]), closed_form=False)
        codes = apart.encode(splits.test)
        for gaps_agree, what in ((True, "all alike, gaps agree"), (False, "all alike, gaps say nothing")):
            changed = Codes(splits, all_alike(codes, apart.places, gaps_agree))
            add(f"reconstruction alone, a place for each field, {what}", scores(changed, splits))
        add("the same, fields weighed by evidence", scores(apart, splits))
        ours, splits = trained(compose("records_table", data))
        add("the same, taught by copies: records_table", scores(ours, splits))
        both = {"reconstruction alone": plain, "records_febrl": ours}
        shown[table] = {name: match_cosines(each, splits) for name, each in both.items()}
        for name, found in shown[table].items():
            line, share = sure_from(found)
            spikes = [found.spike(of_matches=kind) for kind in (True, False)]
            figures[f"{table}: {name}: 9 of 10 are matches from this cosine on, share of matches above"] = {
                "measured": [round(line, 4), round(share, 3)]
            }
            figures[f"{table}: {name}: matches, above .999: copies, not; others, above .999: copies, not"] = {
                "measured": [*spikes[0], *spikes[1]]
            }
    draw(shown, Path(path).with_suffix(".png"))
    Path(path).write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main(sys.argv[1])
