"""`assay train`, `assay evaluate` and `assay walk-forward`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.backtesting import ProfileOption, RiskOption, read_costs
from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, note, progress
from assay.apps.cli.features import FeaturesOption, read_recipe
from assay.apps.config import Config
from assay.model.time import parse_time
from assay.runtime.environment import default_home
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings

if TYPE_CHECKING:
    from msgspec import UnsetType

    from assay.apps.lab.evaluation.judging import EvaluationRequest
    from assay.signals.labels import Bracket
    from assay.signals.prediction import Tuned

DataOption = Annotated[list[Path], typer.Option("--data", help="Parquet file of bars; repeatable.")]
SymbolOption = Annotated[
    list[str] | None, typer.Option("--symbol", help="Only this one; repeatable.")
]
FamilyOption = Annotated[
    str, typer.Option("--model", help="Model family, or ensemble for several of them.")
]
MembersOption = Annotated[
    str | None,
    typer.Option(
        "--members",
        help="Families of an ensemble, as lightgbm,xgboost,random_forest, the usual ones; "
        "family@view (own, lead, bar) shows one a part of the features.",
    ),
]
QuorumOption = Annotated[
    int | None,
    typer.Option("--quorum", help="Members that must answer; more than half where none is given."),
]
CombineOption = Annotated[
    str,
    typer.Option(
        "--combine",
        help="vote, stack, best or select, or auto, which chooses on rows held out of the members.",
    ),
]
HorizonOption = Annotated[
    int,
    typer.Option("--horizon", min=1, help="Bars that a bracket is held, or a label looks ahead."),
]
StopOption = Annotated[
    float, typer.Option("--stop", help="Stop in average true ranges x root of the horizon.")
]
TargetOption = Annotated[float, typer.Option("--target", help="Target, likewise.")]
LeadersOption = Annotated[
    str,
    typer.Option(
        "--leaders",
        help="Instruments that others may follow, as EURUSD,XAUUSD, all or none; who follows "
        "whom is found on the bars that the model is fitted on.",
    ),
]
CalibrationOption = Annotated[
    str,
    typer.Option(
        "--calibration",
        help="isotonic, platt, beta or venn-abers, or auto, which chooses on the later part of "
        "the calibration span.",
    ),
]
LabelOption = Annotated[
    str,
    typer.Option(
        "--label",
        help="bracket, which is traded; or, to foretell alone, fixed-horizon, trend-scanning or "
        "volatility.",
    ),
]
StudyOption = Annotated[
    str | None,
    typer.Option("--study", help="Train with the best settings of this study of `assay tune`."),
]
SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", help="Train with the settings of this file that it wrote."),
]
AugmentOption = Annotated[
    str | None,
    typer.Option(
        "--augment",
        help="gan: also learn from rows that it makes, where they prove their worth on rows held "
        "out of it; else they stay off.",
    ),
]
SchemeOption = Annotated[
    str,
    typer.Option(
        "--scheme", help="anchored: learn from all before; rolling: from as long as at first."
    ),
]
Mql5Option = Annotated[
    Path | None,
    typer.Option(
        "--export-mql5", help="Also write its graph as MetaTrader 5 runs it: one row at a time."
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything drawn.")]


def _read_bracket(label: str, horizon: int, stop: float, target: float) -> Bracket:
    """Return the bracket to be taught; another label has a horizon alone."""
    from assay.model.errors import UsageError
    from assay.signals.labels import BRACKET, Bracket

    bracket = Bracket(horizon=horizon, stop=stop, target=target)
    if label != BRACKET and bracket != Bracket(horizon=horizon):
        raise UsageError(f"--stop and --target are of brackets, label {label} has neither")
    return bracket


def _show_training(found: dict[str, Any]) -> str:
    traded = found["label"] == "bracket"
    verdict = "found skill" if found["skilled"] else "found no skill"
    if traded and not found["skilled"]:
        verdict += ": the model will abstain always"
    combined = f"{', '.join(found['members'])} combined by {found['combined_by']}\n" if (
        "members" in found
    ) else ""  # fmt: skip
    label = "" if traded else f" foretells label {found['label']}"
    augmented = "; ".join(
        f"{family}: {told['method']} {'on' if told['on'] else 'stays off'}, {told['reason']}"
        for family, told in found.get("augmented", {}).items()
    )
    return (
        f"model {found['model']}{label}: {found['rows']:,} rows, {found['from']} to "
        f"{found['until']}, "
        f"{found['seconds']:.1f} s\n{combined}"
        + (f"{augmented}\n" if augmented else "")
        + f"calibration by {found['calibrated_by']} {verdict}\ncard {found['card']}\n"
        f"judge it with: assay evaluate --model {found['model']} --from "
        f"{found['evaluate_from']} --data FILE"
        + ("\nleak checks passed" if "leaks" in found else "")
        + (f"\nfor MetaTrader 5: {found['mql5']}" if "mql5" in found else "")
    )


def read_membership(
    model: str, members: str | None, quorum: int | None, combine: str
) -> dict[str, Any]:
    """Return the family and the membership that a training is asked for."""
    from assay.apps.lab.models.membership import ENSEMBLE, USUAL, choose_members
    from assay.model.errors import UsageError

    if members is None and model != ENSEMBLE:
        if quorum is not None or combine != "auto":
            raise UsageError("--quorum and --combine go with --model ensemble")
        return {"family": model}
    names = USUAL if members is None else tuple(members.split(","))
    return {"family": ENSEMBLE, "membership": choose_members(names, quorum, combine)}


def _show_evaluation(found: dict[str, Any]) -> str:
    from assay.apps.lab.evaluation.wording import word_evidence

    apart = ("verdict", "evidence")
    lines = [f"{name:<24} {_shown(value)}" for name, value in found.items() if name not in apart]
    gathered = word_evidence(found["evidence"]) if "evidence" in found else []
    return "\n".join([found["verdict"], *lines, *gathered])


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        spans = [f"{one['symbol']} from {one['from']} until {one['until']}" for one in value]
        return "; ".join(spans) or "never"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(each)}" for name, each in value.items())
    return f"{value:,.4f}" if isinstance(value, float) else str(value)


def read_leaders(text: str) -> tuple[str, ...] | None:
    """Read the symbols that may lead: None for all, empty for none."""
    from assay.market.naming import parse_symbol

    if text in ("all", "none"):
        return None if text == "all" else ()
    return tuple(dict.fromkeys(parse_symbol(word) for word in text.split(",")))


def _read_tuned(place: Home, study: str | None, settings: Path | None) -> Tuned | UnsetType:
    """Return the settings that a search chose; UNSET for the usual ones."""
    from msgspec import UNSET

    from assay.apps.lab.tuning.settings import find_settings, read_settings
    from assay.model.errors import UsageError

    if study is not None and settings is not None:
        raise UsageError("--study and --settings both name settings; give one of them")
    if study is not None:
        return find_settings(place, study)
    return UNSET if settings is None else read_settings(settings)


def train(
    data: DataOption,
    until: Annotated[str, typer.Option("--until", help="Date that no label may reach beyond.")],
    symbol: SymbolOption = None,
    model: FamilyOption = "lightgbm",
    members: MembersOption = None,
    quorum: QuorumOption = None,
    combine: CombineOption = "auto",
    horizon: HorizonOption = 30,
    stop: StopOption = 1.25,
    target: TargetOption = 1.25,
    leaders: LeadersOption = "all",
    calibration: CalibrationOption = "isotonic",
    seed: SeedOption = 1,
    label: LabelOption = "bracket",
    check_leaks: Annotated[
        bool, typer.Option("--check-leaks", help="First check that nothing of the future is in it.")
    ] = False,
    study: StudyOption = None,
    settings: SettingsOption = None,
    features: FeaturesOption = "standard",
    augment: AugmentOption = None,
    mql5: Mql5Option = None,
    profile: ProfileOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Teach a model on engine-true labels and calibrate it; a stopped training goes on.

    With --model ensemble (or --members) several families are taught and combined. A model of
    another --label is judged by `assay evaluate` and not traded.

    Example: assay train --data eurusd_m1_2018.parquet --until 2018-12-31 --model ensemble
    """
    from assay.apps.lab.models.exporting import export_mql5
    from assay.apps.lab.models.leakchecks import check_training
    from assay.apps.lab.models.training import TrainingRequest, read_series, train_model
    from assay.apps.mirror.delivering import mirror
    from assay.apps.mirror.telling import tell_training
    from assay.books.trials import TrialLedger
    from assay.model.errors import UsageError

    asked = read_membership(model, members, quorum, combine)
    bracket = _read_bracket(label, horizon, stop, target)
    if mql5 and "membership" in asked:
        raise UsageError("--export-mql5 writes one graph, an ensemble has several; give one family")
    place = open_home(home or default_home())
    request = TrainingRequest(
        tuned=_read_tuned(place, study, settings),
        recipe=read_recipe(place, features, quiet=as_json),
        series=read_series(data, symbol or ()), until=parse_time(until),
        models=place.folder("models"), **asked, bracket=bracket,
        leaders=read_leaders(leaders), calibration=calibration, seed=seed,
        config=load_settings(Config, place).value, ledger=TrialLedger(place), label=label,
        augment=augment, costs=read_costs(None, None, 0, None, profile),
    )  # fmt: skip
    began = place.clock.now_ns()
    with progress("training", 1.0, quiet=as_json) as bar:
        leaks = {"leaks": check_training(request, fill_stages(bar))} if check_leaks else {}
        found = train_model(request, fill_stages(bar)) | leaks
    if mql5:
        export_mql5(request.models / found["model"], mql5)
        found["mql5"] = str(mql5)
    made = request.models / found["model"]
    mirror(
        place, request.config, lambda: [tell_training(made, began, place.clock.now_ns())], note
    )  # fmt: skip
    emit(found, as_json, _show_training)


def evaluate(
    model: Annotated[str, typer.Option("--model", help="Model, as `assay train` named it.")],
    data: DataOption,
    start: Annotated[str, typer.Option("--from", help="First bar to judge.")],
    end: Annotated[str | None, typer.Option("--to", help="First bar not to judge.")] = None,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", help="Parquet file, one row a judged bar.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", help="Folder for report.html and its charts; weighs the evidence too."
        ),
    ] = None,
    risk: RiskOption = None,
    profile: ProfileOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a model on bars that it never saw; a span it was calibrated on is refused.

    Example: assay evaluate --model lightgbm-0123456789 --data eurusd_m1_2019.parquet
    --from 2019-01-02
    """
    from assay.apps.lab.evaluation.judging import (
        EvaluationRequest,
        evaluate_model,
        write_predictions,
    )
    from assay.apps.lab.evaluation.report import write_report
    from assay.apps.lab.evaluation.targets import is_traded
    from assay.apps.mirror.delivering import mirror
    from assay.apps.mirror.telling import tell_evaluation
    from assay.books.trials import TrialLedger

    place = open_home(home or default_home())
    request = EvaluationRequest(
        model=place.folder("models") / model, data=data, start=parse_time(start),
        end=parse_time(end) if end else None, config=load_settings(Config, place).value,
        risk=risk, ledger=TrialLedger(place), evidence=report is not None,
        costs=read_costs(None, None, 0, None, profile),
    )  # fmt: skip
    if not is_traded(request.model):
        _evaluate_target(request, predictions, as_json)
        return
    began = place.clock.now_ns()
    with progress("judging", 1.0, quiet=as_json) as bar:
        found = evaluate_model(request, fill_stages(bar))
    if predictions:
        write_predictions(found, predictions)
    if report:
        write_report(found, report)
    asked = {"from": start, "to": end or "", "symbols": ",".join(found.symbols)}
    mirror(
        place, request.config,
        lambda: [
            tell_evaluation(request.model, found.figures, asked, (began, place.clock.now_ns()))
        ],
        note,
    )  # fmt: skip
    emit({"model": model, **found.figures}, as_json, _show_evaluation)


def _evaluate_target(
    request: EvaluationRequest, predictions: Path | None, as_json: bool
) -> None:  # fmt: skip
    """Judge a model of a label that is no trade."""
    from assay.apps.lab.evaluation.targets import evaluate_target, write_answers
    from assay.model.errors import UsageError

    if request.evidence:
        raise UsageError(
            f"model {request.model.name} is not traded, so there is no --report of it; take "
            "--json, which holds its reliability, or --predictions"
        )
    if request.risk:
        raise UsageError(f"model {request.model.name} is not traded, so there is no --risk to it")
    with progress("judging", 1.0, quiet=as_json) as bar:
        found = evaluate_target(request, fill_stages(bar))
    if predictions:
        write_answers(found, predictions)
    emit({"model": request.model.name, **found.figures}, as_json, _show_target)


def _show_target(found: dict[str, Any]) -> str:
    apart = ("verdict", "reliability")
    lines = [f"{name:<24} {_shown(value)}" for name, value in found.items() if name not in apart]
    table = [
        f"said {row['forecast']:.4f}, came {row['came']:.4f} ({row['lower']:.4f} to "
        f"{row['upper']:.4f}) of {row['n']:,} bars"
        for row in found["reliability"]
    ]
    return "\n".join([found["verdict"], *lines, *table])


def walk_forward(
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for figures, chart and judged bars.")],
    symbol: SymbolOption = None,
    model: FamilyOption = "lightgbm",
    members: MembersOption = None,
    quorum: QuorumOption = None,
    combine: CombineOption = "auto",
    scheme: SchemeOption = "anchored",
    folds: Annotated[int, typer.Option("--folds", min=1, help="Models, each judged on.")] = 5,
    start: Annotated[
        str | None, typer.Option("--from", help="First bar to judge; else the middle.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="First bar not to judge.")] = None,
    horizon: HorizonOption = 30,
    stop: StopOption = 1.25,
    target: TargetOption = 1.25,
    leaders: LeadersOption = "all",
    calibration: CalibrationOption = "isotonic",
    seed: SeedOption = 1,
    risk: RiskOption = None,
    features: FeaturesOption = "standard",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model a fold, judge each on the bars that follow, pool it all; leaks are refused.

    A stopped walk goes on where it was. Writes walk-forward.json, walk-forward.svg and
    predictions.parquet.

    Example: assay walk-forward --data xauusd_m5_2010_2019.parquet --folds 8 --from 2012-01-01
    --out walked
    """
    from assay.apps.lab.evaluation.walkforward import WalkRequest, forget_walk, walk
    from assay.apps.lab.evaluation.walkforwardreport import tabulate_walk, write_walk
    from assay.apps.lab.models.training import TrainingRequest, read_series
    from assay.apps.lab.output import make_folder
    from assay.apps.mirror.delivering import mirror
    from assay.apps.mirror.telling import tell_walk
    from assay.books.trials import TrialLedger
    from assay.signals.labels import Bracket

    place = open_home(home or default_home())
    series = read_series(data, symbol or ())
    make_folder(out)
    last = max(int(one.ts_open[-1]) + int(one.timeframe) for one in series)
    request = WalkRequest(
        training=TrainingRequest(
            series=series, until=parse_time(end) if end else last, models=place.folder("models"),
            **read_membership(model, members, quorum, combine),
            bracket=Bracket(horizon=horizon, stop=stop, target=target),
            leaders=read_leaders(leaders), calibration=calibration, seed=seed,
            config=load_settings(Config, place).value, ledger=TrialLedger(place),
            recipe=read_recipe(place, features, quiet=as_json),
        ),
        folds=folds, scheme=scheme, start=parse_time(start) if start else None,
        end=parse_time(end) if end else None, risk=risk,
    )  # fmt: skip
    began = place.clock.now_ns()
    with progress("walking forward", 1.0, quiet=as_json) as bar:
        walked = walk(request, fill_stages(bar))
    write_walk(walked, out)
    forget_walk(request)
    mirror(
        place, request.training.config,
        lambda: [tell_walk(walked.found, began, place.clock.now_ns())], note,
    )  # fmt: skip
    emit({**walked.found, "out": str(out)}, as_json, tabulate_walk)


def register(app: typer.Typer) -> None:
    """Add `train`, `evaluate` and `walk-forward` to the command line."""
    app.command("walk-forward")(walk_forward)
    app.command("train")(train)
    app.command("evaluate")(evaluate)
