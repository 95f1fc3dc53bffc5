"""The model card that goes with an exported encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.report.messages import copies, judged_so_far

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zoo.types import Report, Score, Splits, Trained, Verdict

CARD_FILE = "model_card.md"
_SAID = {"rows", "width", "splits"}  # facts of the data that have a line of their own


def model_card(
    recipe: Mapping[str, Any],
    splits: Splits,
    trained: Trained,
    report: Report,
    verdict: Verdict,
    made: Mapping[str, str],
) -> str:
    """What an encoder is, what it was trained on, how it was judged and how it is used, as Markdown.

    After Mitchell et al. 2019, "Model cards for model reporting", as far as the run knows the facts.

    Args:
        recipe: the composed recipe.
        splits: the table.
        trained: the trained model.
        report: representations x metrics.
        verdict: gate by gate.
        made: further facts of how the encoder was made, such as the id of its run and the versions of packages.
    """
    return "\n".join(
        [
            f"# {recipe['name']}",
            "",
            str(recipe["purpose"]),
            "",
            *_section("Model", [*_model_facts(recipe, trained), *made.items()]),
            *_section("Data", _data_facts(splits)),
            *_fields(splits, trained),
            "## Scores on test rows",
            "",
            f"{report.confidence:.0%} intervals from {report.resamples} resamples of the test rows.",
            _sentence(judged_so_far(report)),
            "",
            *_seeds(report),
            *_scores(report),
            "",
            *(f"{_sentence(note)}\n" for note in copies(report)),
            "## Gates",
            "",
            "It was blessed because every one of these passed: the lower bound of the paired difference must exceed "
            "the margin, or for a number to reach, the encoder's own lower bound must reach it.",
            "",
            *_gates(verdict),
            "",
            *_section("Use", _use(recipe, trained)),
            "## Limits",
            "",
            "The scores hold for rows like the test rows. Rows from elsewhere, or from a later time, may be "
            "encoded worse without any sign of it: judge again on your own. Labels were used for judging only. "
            "Whatever bias the data hold, the codes hold as well.",
            "",
        ]
    )


def _section(title: str, facts_of_it: Iterable[tuple[str, Any]]) -> Iterator[str]:
    yield from (f"## {title}", "", *_table(["", ""], [[key, str(value)] for key, value in facts_of_it]), "")


def _model_facts(recipe: Mapping[str, Any], trained: Trained) -> Iterator[tuple[str, Any]]:
    model, export = trained.model, recipe["export"]
    yield "architecture", f"{type(model).__name__}: {type(model.encoder).__name__} -> {type(model.bottleneck).__name__}"
    yield "code", f"{model.latent_dim} " + ("bytes" if model.gives_bytes else f"numbers, {export['output']}")
    yield "weights", f"{model.count_params():,}, stored as {export['precision']}"
    yield (
        "training",
        f"{len(trained.history)} epochs, the weights of epoch {trained.best_epoch + 1}, seed {trained.seed}",
    )


def _data_facts(splits: Splits) -> Iterator[tuple[str, Any]]:
    shape = " x ".join(f"{size:,}" for size in splits.shape)
    yield "rows", f"{splits.total:,} of {shape} ({'sparse' if splits.is_sparse else 'dense'})"
    yield "split", splits.in_parts
    for key, value in splits.provenance.items():
        if key not in _SAID and not (key == "fields" and splits.kind.blocks):  # they have a table
            yield str(key), value
    for note in splits.notes:
        yield "note", note


def _fields(splits: Splits, trained: Trained) -> Iterator[str]:
    """Of records: how each field is read, what agreeing on it tells, and which numbers of the code are its own."""
    blocks = splits.kind.blocks
    if blocks is None:
        return
    reads, places = getattr(splits.kind, "reads", {}), trained.model.places
    yield from ("## Fields", "")
    rows = [
        [name, reads.get(name, "-"), f"{nats:.1f}", _numbers(places.get(name))] for name, (_, nats) in blocks.items()
    ]
    yield from (*_table(["field", "read as", "nats of agreeing", "numbers of the code"], rows), "")


def _numbers(place: tuple[int, int] | None) -> str:
    return "-" if place is None else f"{place[0]} to {place[1] - 1}"


def _scores(report: Report) -> Iterator[str]:
    metrics = list(report.units)
    head = ["representation", "dimensions", "bytes a row", *(f"{name} ({report.units[name]})" for name in metrics)]
    rows = [
        [name, str(report.dimensions[name]), _bytes(report, name), *(_score(scores.get(metric)) for metric in metrics)]
        for name, scores in report.scores.items()
    ]
    yield from _table(head, rows)


def _seeds(report: Report) -> Iterator[str]:
    """Each seed's scores, where there are several."""
    if not report.seeds:
        return
    count = max(map(len, report.seeds.values()))
    yield f"The encoder's scores are means over {count} seeds; this is seed {report.released + 1} of them."
    yield ""
    rows = [[metric, *(f"{point:.3f}" for point in points)] for metric, points in report.seeds.items()]
    yield from _table(["metric", *(f"seed {place + 1} of {count}" for place in range(count))], rows)
    yield ""


def _bytes(report: Report, name: str) -> str:
    return f"{report.bytes_per_row[name]:,}" if name in report.bytes_per_row else "-"


def _gates(verdict: Verdict) -> Iterator[str]:
    head = ["gate", "metric", "against", "difference", "must exceed"]
    rows = [
        [each.gate, each.metric, each.against, _score(each.difference), f"{each.required:g}"] for each in verdict.gates
    ]
    yield from _table(head, rows)


def _use(recipe: Mapping[str, Any], trained: Trained) -> Iterator[tuple[str, str]]:
    yield "Python", f'`zoo.load("{recipe["name"]}").encode(rows)`'
    yield (
        "TensorFlow",
        "`tf.saved_model.load(folder).signatures`, described by `saved_model_cli show --dir folder --all`",
    )
    yield (
        "a server",
        "`python -m serving --store STORE`, or TensorFlow Serving; `schema.pbtxt` describes tf.Example input",
    )
    if trained.code_scale is not None:
        yield "int8", f"a step stands for {trained.code_scale:.6g} in every dimension: search the integers as they are"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _score(score: Score | None) -> str:
    return "-" if score is None else str(score)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_cell(each) for each in row)} |"


def _cell(text: str) -> str:
    """Text that cannot break out of its cell."""
    return " ".join(text.split()).replace("|", "\\|")
