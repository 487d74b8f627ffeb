"""The card of a model: what it is, what it was taught, what it may be trusted with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assay.model.errors import AssayError
from assay.model.time import MINUTE, format_time
from assay.signals.augmentation import Augmented
from assay.signals.calibration import ONE, Choice
from assay.signals.ensemble import CELLS
from assay.signals.features import DescribedSet, Lead
from assay.signals.guard import Watch
from assay.signals.labels import BRACKET, LONG, OUTCOMES, find_label
from assay.signals.prediction import Artifact, Ensemble, Taught, Tuned, read_artifact
from assay.signals.training import Rows

CARD = "card.md"


def write_card(folder: Path, artifact: Artifact, rows: Rows) -> Path:
    """Write the card beside the model; return its path."""
    path = folder / CARD
    beside = folder / f".{CARD}"
    beside.write_text("\n".join(_lines(artifact, rows)) + "\n")
    beside.replace(path)
    return path


def list_facts(artifact: Artifact) -> list[tuple[str, str]]:
    """Return what there is to know of a model, name and value, as people read it."""
    taught, spans = artifact.taught, artifact.spans
    return [
        ("family", f"{artifact.family}, seed {artifact.seed}"),
        *_list_settings(artifact.tuned),
        ("instruments", ", ".join(taught.symbols)),
        *([("leaders", _word_leaders(taught.leaders))] if taught.leaders else []),
        ("bars", f"{taught.timeframe // MINUTE} minutes"),
        ("labels", _word_label(taught)),
        ("rows", f"{taught.rows:,}, of them {taught.calibration_rows:,} to calibrate"),
        ("fitted on", f"{format_time(spans.fit_from)} to {format_time(spans.fit_until)}"),
        (
            "calibrated on",
            f"{format_time(spans.calibrate_from)} to {format_time(spans.calibrate_until)}",
        ),
        *_list_calibration(artifact.calibrated_by),
        ("fair to judge from", format_time(spans.ready_from)),
        ("calibration slope", f"{artifact.slope:.3f}, above {artifact.slope_bound:.3f} at 99.9 %"),
        *_list_payoffs(artifact),
        *_list_watch(artifact.watch),
        ("features", _word_features(taught)),
        *_list_inputs(taught),
        *_list_augmented(artifact),
        *_list_ensemble(artifact.ensemble),
        *((name.replace("_", " "), str(value)) for name, value in artifact.facts.items()),
    ]


def _list_inputs(taught: Taught) -> list[tuple[str, str]]:
    """Return what a model needs of a feed beside prices; nothing where those serve."""
    if not isinstance(taught.made_of, DescribedSet):
        return []
    inputs = taught.feature_set.inputs
    return [("reads of the feed", ", ".join(inputs))] if inputs else []


def list_kept(models: Path) -> list[dict[str, Any]]:
    """Return every model of a folder, by name, and what of it is damaged."""
    kept = sorted(path.parent for path in models.glob("[!.]*/model.json"))
    return [_tell_kept(folder) for folder in kept]


def _tell_kept(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {
        "model": folder.name, "family": None, "label": None, "symbols": (), "minutes": 0.0,
        "skilled": False, "ready_from": "-", "damage": None,
    }  # fmt: skip
    try:
        artifact, _ = read_artifact(folder)
    except AssayError as error:
        return found | {"damage": str(error)}
    taught = artifact.taught
    return found | {
        "family": artifact.family, "label": taught.foretells, "symbols": taught.symbols,
        "minutes": taught.timeframe / MINUTE, "skilled": artifact.is_skilled,
        "ready_from": format_time(artifact.spans.ready_from),
    }  # fmt: skip


def _word_features(taught: Taught) -> str:
    told = f"{len(taught.features)}, digest {taught.features_digest[:12]}"
    if not isinstance(taught.made_of, DescribedSet):
        return told
    made = taught.made_of
    own = [f"indicator {each.name} of {each.sha256[:12]}" for each in made.sources]
    return ", ".join([f"{told}, set {made.name}.{made.version}", *own])


def _word_label(taught: Taught) -> str:
    if taught.foretells == BRACKET:
        return (
            f"bracket of {taught.horizon} bars, stop {taught.stop:g} and target "
            f"{taught.target:g} x average true range x root of the horizon, booked by the engine"
        )
    asks = find_label(taught.foretells).asks
    return f"{taught.foretells}, horizon {taught.horizon} bars: {asks}; no trade, and not traded"


def _list_payoffs(artifact: Artifact) -> list[tuple[str, str]]:
    if artifact.taught.foretells != BRACKET:
        return []
    return [
        (
            "right about the direction, a bracket gains",
            f"{artifact.gain:.3f} stop distances before costs",
        ),
        ("wrong, it loses", f"{artifact.loss:.3f} stop distances before costs"),
    ]


def _list_settings(tuned: object) -> list[tuple[str, str]]:
    if not isinstance(tuned, Tuned):
        return []
    return [
        *(
            (
                f"settings of {family}",
                ", ".join(f"{name} {value:.6g}" for name, value in of.items()),
            )
            for family, of in tuned.settings.items()
        ),
        (
            "chosen by",
            f"study {tuned.study}, the best of {tuned.trials} by {tuned.metric}, on labels known "
            f"by {format_time(tuned.seen_until)}",
        ),
    ]


def _list_augmented(artifact: Artifact) -> list[tuple[str, str]]:
    return [
        (f"made rows for {family}", word_augmented(found))
        for family, found in artifact.augmentations.items()
    ]


def word_augmented(found: Augmented) -> str:
    """Return whether made rows are used, and why, as people read it."""
    used = f"on, {found.made:,} by {found.method}" if found.on else f"off ({found.method})"
    return (
        f"{used}: {found.reason} ({found.tested:,} rows, {found.stretches:,} stretches; "
        f"{found.share:.0%} of what was fitted on were made)"
    )


def _list_ensemble(ensemble: object) -> list[tuple[str, str]]:
    if not isinstance(ensemble, Ensemble):
        return []
    combined, whole = ensemble.combined_by, ensemble.panels[0]
    losses = ", ".join(f"{name} {loss:.6f}" for name, loss in combined.losses.items())
    facts = [
        ("members", ", ".join(each.family for each in ensemble.members)),
        ("quorum", f"{ensemble.quorum} of {len(ensemble.members)}"),
        ("combined by", f"{combined.method}: {combined.reason}"),
        *([("log loss of combinations on held-out rows", losses)] if losses else []),
    ]
    for place, each in enumerate(ensemble.members):
        shares = [row[place] / ONE for row in whole.weights]
        weight = f"{shares[0]:.2f}" if len(set(shares)) == 1 else ", ".join(
            f"{name} {share:.2f}" for name, share in zip(CELLS, shares, strict=True)
        )  # fmt: skip
        told = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in each.facts.items())
        facts.append((
            each.family,
            f"weight {weight}; log loss on held-out rows {each.held_out_loss:.6f}; {told}",
        ))  # fmt: skip
    for cell in ensemble.cells:
        shown = (
            "too few rows" if cell.slope_bound is None
            else f"slope {cell.slope:.3f}, above {cell.slope_bound:.3f} at 99.9 %"
        )  # fmt: skip
        facts.append((f"in {cell.name} volatility", f"{shown} ({cell.rows:,} rows)"))
    return facts


def _list_calibration(choice: Choice) -> list[tuple[str, str]]:
    losses = ", ".join(f"{name} {loss:.6f}" for name, loss in choice.losses.items())
    return [
        ("calibrated by", f"{choice.method}: {choice.reason}"),
        *([("log loss on later rows of the span", losses)] if losses else []),
    ]


def _list_watch(watch: Watch) -> list[tuple[str, str]]:
    if watch.promised is None or watch.kept is None:
        return []
    return [
        (
            "held to by its guard",
            f"on {watch.claimed:.1%} of the bars of its calibration, right about the direction "
            f"over {watch.lag} bars at least {watch.promised:.4f} of the time ({watch.kept:.4f} "
            "there)",
        )
    ]


def _word_leaders(leaders: Sequence[Lead]) -> str:
    ways = {1: "follows", -1: "goes against"}
    return ", ".join(f"{each.follower} {ways[each.sign]} {each.leader}" for each in leaders)


def _lines(artifact: Artifact, rows: Rows) -> list[str]:
    name = artifact.taught.foretells
    outcomes = OUTCOMES if name == BRACKET else find_label(name).outcomes
    counts = np.bincount(rows.outcome, minlength=len(outcomes))
    shares = [f"{n} {c / len(rows):.1%}" for n, c in zip(outcomes, counts, strict=True)]
    what = "that the mid is higher a horizon on" if name == BRACKET else f"of {outcomes[LONG]}"
    return [
        f"# {artifact.id}",
        "",
        _verdict(artifact),
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in list_facts(artifact)),
        f"| outcomes | {', '.join(shares)} |",
        "",
        f"Chance {what}, by score (probability, bounds at 80 %):",
        "",
        "| score from | probability | lower | upper |",
        "|---|---|---|---|",
        *_steps(artifact),
        "",
        "Nothing here was measured on bars after the calibration: `assay evaluate` does that.",
    ]


def _verdict(artifact: Artifact) -> str:
    if artifact.is_skilled:
        return "Calibration found skill: the slope of outcome on score is above 0 at 0.1 %."
    none = "**No skill was shown**: the slope of outcome on score is not above 0 at 0.1 %"
    if artifact.taught.foretells != BRACKET:
        return f"{none}."
    return f"{none}, so this model abstains always."


def _steps(artifact: Artifact) -> list[str]:
    table = artifact.up
    columns = zip(table.start, table.p, table.lower, table.upper, strict=True)
    return [
        f"| {start / ONE:.4f} | {p / ONE:.4f} | {low / ONE:.4f} | {high / ONE:.4f} |"
        for start, p, low, high in columns
    ]
