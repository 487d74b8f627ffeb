"""`assay train` and `assay evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, Progress, emit, progress
from assay.apps.config import Config
from assay.model.time import parse_time
from assay.runtime.environment import default_home
from assay.runtime.home import open_home
from assay.runtime.settings import load_settings

DataOption = Annotated[list[Path], typer.Option("--data", help="Parquet file of bars; repeatable.")]


def _stages(bar: Progress) -> Callable[[str, float], None]:
    """Return what shows stages on one bar: each stage fills it once."""

    def tell(stage: str, share: float) -> None:
        bar.describe(stage)
        bar.fill(share)

    return tell


def _show_training(found: dict[str, Any]) -> str:
    verdict = "found skill" if found["skilled"] else "found no skill: the model will abstain always"
    return (
        f"model {found['model']}: {found['rows']:,} rows, {found['from']} to {found['until']}, "
        f"{found['seconds']:.1f} s\ncalibration {verdict}\ncard {found['card']}\n"
        f"judge it with: assay evaluate --model {found['model']} --from "
        f"{found['evaluate_from']} --data FILE"
    )


def _show_evaluation(found: dict[str, Any]) -> str:
    lines = [f"{name:<24}{_shown(value)}" for name, value in found.items() if name != "verdict"]
    return "\n".join([found["verdict"], *lines])


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.4f}" if isinstance(value, float) else str(value)


def _read_leaders(text: str) -> tuple[str, ...] | None:
    """Read the symbols that may lead: None for all, empty for none."""
    from assay.market.naming import parse_symbol

    if text in ("all", "none"):
        return None if text == "all" else ()
    return tuple(dict.fromkeys(parse_symbol(word) for word in text.split(",")))


def train(
    data: DataOption,
    until: Annotated[str, typer.Option("--until", help="Date that no label may reach beyond.")],
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", help="Only this one; repeatable.")
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Model family.")] = "lightgbm",
    horizon: Annotated[
        int, typer.Option("--horizon", min=1, help="Bars that a bracket is held.")
    ] = 30,
    stop: Annotated[
        float, typer.Option("--stop", help="Stop in average true ranges x root of the horizon.")
    ] = 1.25,
    target: Annotated[float, typer.Option("--target", help="Target, likewise.")] = 1.25,
    leaders: Annotated[
        str,
        typer.Option(
            "--leaders",
            help="Instruments that others may follow, as EURUSD,XAUUSD, all or none; who follows "
            "whom is found on the bars that the model is fitted on.",
        ),
    ] = "all",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of everything drawn.")] = 1,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Teach a model on engine-true labels and calibrate it; a stopped training goes on.

    Example: assay train --data eurusd_m1_2018.parquet --until 2018-12-31
    """
    from assay.apps.lab.training import TrainingRequest, read_series, train_model
    from assay.signals.labels import Bracket

    place = open_home(home or default_home())
    request = TrainingRequest(
        series=read_series(data, symbol or ()), until=parse_time(until),
        models=place.folder("models"), family=model,
        bracket=Bracket(horizon=horizon, stop=stop, target=target),
        leaders=_read_leaders(leaders), seed=seed,
        config=load_settings(Config, place).value,
    )  # fmt: skip
    with progress("training", 1.0, quiet=as_json) as bar:
        found = train_model(request, _stages(bar))
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
        Path | None, typer.Option("--report", help="Folder for report.html and its charts.")
    ] = None,
    risk: Annotated[str | None, typer.Option("--risk", help="default or reference.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a model on bars that it never saw; a span it was calibrated on is refused.

    Example: assay evaluate --model lightgbm-0123456789 --data eurusd_m1_2019.parquet
    --from 2019-01-02
    """
    from assay.apps.lab.evaluation import EvaluationRequest, evaluate_model, write_predictions
    from assay.apps.lab.evaluationreport import write_report

    place = open_home(home or default_home())
    request = EvaluationRequest(
        model=place.folder("models") / model, data=data, start=parse_time(start),
        end=parse_time(end) if end else None, config=load_settings(Config, place).value,
        risk=risk,
    )  # fmt: skip
    with progress("judging", 1.0, quiet=as_json) as bar:
        found = evaluate_model(request, _stages(bar))
    if predictions:
        write_predictions(found, predictions)
    if report:
        write_report(found, report)
    emit({"model": model, **found.figures}, as_json, _show_evaluation)


def register(app: typer.Typer) -> None:
    """Add `train` and `evaluate` to the command line."""
    app.command("train")(train)
    app.command("evaluate")(evaluate)
