"""What a run says, beside its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoo.types import Report, Splits


def kinds_differ(model: Any, splits: Splits) -> str:
    """What is wrong with an encoder of sparse rows on dense ones, or the other way round."""
    if splits.is_sparse:
        return (
            f"the data are {splits.kind.in_words()}, but {type(model.encoder).__name__} reads dense rows: "
            f"take model.encoder._target_=zoo.networks.EmbeddingBag with a likelihood for sparse rows"
        )
    return f"{type(model.encoder).__name__} reads sparse rows, but the data are {splits.kind.in_words()}"


def missing_labels(metrics: Mapping[str, Any], gates: Mapping[str, Any], splits: Splits) -> str:
    """Which gates nothing can pass for want of labels, to be said before the training; "" if there are none."""
    if splits.labels is not None:
        return ""
    hopeless = {name: gate.metric for name, gate in gates.items() if getattr(metrics[gate.metric], "needs_labels", 0)}
    if not hopeless:
        return ""
    return (
        f"the data has no labels, and {', '.join(dict.fromkeys(hopeless.values()))} needs them: the gates "
        f"{', '.join(hopeless)} cannot be passed. Name the labels (data.label_column=COLUMN where the source takes "
        f"it), or give gates with a metric that needs none"
    )


def notes(report: Report) -> Iterator[str]:
    """All that is to be said of a report beside its tables."""
    yield from report.notes
    yield from without_value(report)
    yield from collapses(report)
    yield from copies(report)
    yield from better_for_less(report)


def collapses(report: Report) -> Iterator[str]:
    """Notes on metrics that find fewer than half of the code's dimensions active."""
    encoder = next(iter(report.scores))
    latent_dim = report.dimensions[encoder]
    for metric, score in report.scores[encoder].items():
        if report.units[metric] == "dimensions" and score is not None and score.value < latent_dim / 2:
            yield (
                f"{metric}: only {score.value:.0f} of {latent_dim} dimensions say anything; the posterior has "
                f"collapsed. Lower model.weight, or raise model.warmup_epochs or model.free_bits"
            )


def without_value(report: Report) -> Iterator[str]:
    """Notes on metrics that have no value, and why: once for all representations, or for each that stands alone.

    That a baseline cannot do what the encoder can (give likelihoods, say) is seen in the table.
    """
    for metric in report.units:
        reasons = {name: each[metric] for name, each in report.reasons.items() if metric in each}
        if len(reasons) == len(report.scores) and len(set(reasons.values())) == 1:
            yield f"{metric} has no value: {next(iter(reasons.values()))}"
            continue
        for name, reason in reasons.items():
            if report.scores[name].get(metric) is not None or name == next(iter(report.scores)):
                yield f"{metric} of {name} has no value: {reason}"


def copies(report: Report) -> Iterator[str]:
    """Notes on copies among the held-out rows, and on the encoder's scores without them."""
    found = report.duplicates
    if found is None:
        return
    counts = {
        "equal another of them": found.exact,
        "equal a training row": found.of_training,
        "nearly equal another of them": found.near,
        "nearly equal a training row": found.near_training,
    }
    said = [f"{count:,} {what}" for what, count in counts.items() if count]
    if not said:
        return
    sample = f" (near copies were sought for {found.looked_at:,} of them)" if 0 <= found.looked_at < found.rows else ""
    encoder = next(iter(report.scores))
    scores = report.without_duplicates.get(encoder, {})
    without = ", ".join(f"{metric} {score}" for metric, score in scores.items() if score)
    yield f"of the {found.rows:,} test rows {', '.join(said)}{sample}" + (
        f"; without exact copies {encoder} has {without}" if without else ""
    )


def better_for_less(report: Report) -> Iterator[str]:
    """A note on opponents of no more numbers a row that are shown to be better, gate or no gate."""
    encoder = next(iter(report.scores))
    better = {}
    for name, differences in report.differences.items():
        if report.dimensions.get(name, 0) <= report.dimensions[encoder]:
            metrics = [metric for metric, score in differences.items() if score is not None and score.high < 0]
            if metrics:
                better[name] = ", ".join(metrics)
    if better:
        said = "; ".join(f"{name} in {metrics}" for name, metrics in better.items())
        yield f"better than {encoder} with no more numbers a row, where that is what counts: {said}"


def judged_so_far(report: Report) -> str:
    """How many encoders the test rows have judged: of many, the best is partly the luckiest."""
    if report.looks is None:
        return "how many encoders these test rows have judged is not known"
    if report.looks == 1:
        return "these test rows have judged 1 encoder, this one"
    return (
        f"these test rows have judged {report.looks:,} encoders, this one included: choose settings on validation rows "
        f"(--multirun does), since the best of many on the same rows is partly the luckiest"
    )
