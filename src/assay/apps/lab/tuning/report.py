"""From a search to its report: the figures in words that people read."""

from __future__ import annotations

from pathlib import Path

from assay.apps.lab.output import appearing_together
from assay.apps.lab.tuning.finding import Finding
from assay.books.reports.tuning import ToldStudy, ToldTrial, write_study
from assay.books.reports.wording import NOTHING, format_number
from assay.model.time import format_time
from assay.signals.models import Value
from assay.signals.tuning import LOG_LOSS, join_spaces


def write_tuning_report(found: Finding, folder: Path) -> None:
    """Write report.html and its charts; they appear together once all are whole."""
    told = describe_study(found)
    with appearing_together(folder) as place:
        write_study(told, place)


def describe_study(found: Finding) -> ToldStudy:
    """Return what the report shows."""
    alone = len(found.families) == 1

    def named(setting: str) -> str:
        return setting.partition(".")[2] if alone else setting

    usual, best = found.usual.settings, found.best.settings
    return ToldStudy(
        study=found.study, families=found.families,
        cost="Log loss" if found.metric == LOG_LOSS else "Lost a row, minor units a lot",
        scope=(
            f"Settings of {', '.join(found.families)}, judged by purged, embargoed folds of the "
            f"rows that a model is fitted on, whose labels were known by "
            f"{format_time(found.seen_until)[:16].replace('T', ' ')}; nothing later was looked at."
        ),
        verdict=found.verdict, shown=found.gain.is_shown,
        trials=[
            ToldTrial(
                number=each.number, state=each.state, cost=each.cost,
                settings={named(name): value for name, value in each.settings.items()},
            )
            for each in found.attempts
        ],
        best=found.best.number,
        ratios=frozenset(
            named(each.name) for each in join_spaces(found.families) if each.by_ratio
        ),
        importances={named(name): share for name, share in found.importances.items()},
        folds=found.folds, times=found.times, gained=found.gained,
        settings=[
            (named(name), _word(value), _word(usual[name]), _share(found.importances.get(name)))
            for name, value in best.items()
        ],
        figures=_figures(found), notes=_notes(found),
    )  # fmt: skip


def _word(value: Value) -> str:
    return f"{value:,.4g}"


def _share(value: float | None) -> str:
    return NOTHING if value is None else format_number(100 * value, 1, unit=" %")


def _figures(found: Finding) -> list[tuple[str, str, str]]:
    gain = found.gain
    states = [each.state for each in found.attempts]

    def told(value: float | None, *, plus: bool = True) -> str:
        digits = 6 if found.metric == LOG_LOSS else 2
        return format_number(value, digits, plus=plus)

    return [
        ("Trials", f"{len(states)}", "Each was counted in the trial ledger before it was judged."),
        ("Judged", f"{states.count('judged')}", "On every fold."),
        ("Pruned", f"{states.count('pruned')}", "Given up after some folds, as worse than most."),
        ("Failed", f"{states.count('failed')}", "Could not be judged; the reason is told above."),
        ("Usual settings", told(found.usual.cost, plus=False), "Mean cost of a held-out row."),
        ("Best settings", told(found.best.cost, plus=False), f"Trial {found.best.number}."),
        ("Gain", told(gain.mean), "By how much less the best cost on the same rows."),
        ("Its lower bound", told(gain.lower), "At 95 %, stretches of two horizons resampled; of "
         "this pair alone, so too high where many were tried."),
        ("Its upper bound", told(gain.upper), "Likewise."),
        ("By luck", format_number(gain.p, 3), "How often the best of as many settings worth no "
         "more than the usual ones would gain as much (Hansen's test); a gain is called shown "
         "below 0.05 alone."),
        *(
            (f"Fold {number}", f"{told(usual, plus=False)} → {told(best, plus=False)}",
             "Usual settings, then the best.")
            for number, (usual, best) in enumerate(found.folds, 1)
        ),
    ]  # fmt: skip


def _notes(found: Finding) -> list[str]:
    told = [f"Trial {each.number} failed: {each.reason}." for each in found.attempts if each.reason]
    left = sum(each.state == "open" for each in found.attempts)
    if left:
        told.append(f"{left} trials were not done when the time was used up.")
    if not found.gain.is_shown:
        told.append(
            "The best of several settings looks better than the usual ones even where it is not; "
            "here that is all that can be said."
        )
    return told
