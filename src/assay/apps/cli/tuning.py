"""`assay tune`: search the settings of model families inside the span that they are fitted on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, note, progress
from assay.apps.cli.features import FeaturesOption, read_recipe
from assay.apps.cli.modelling import (
    DataOption,
    FamilyOption,
    HorizonOption,
    LeadersOption,
    MembersOption,
    SeedOption,
    StopOption,
    SymbolOption,
    TargetOption,
    read_leaders,
    read_membership,
)
from assay.apps.config import Config
from assay.model.time import parse_time
from assay.runtime.environment import default_home
from assay.runtime.home import open_home
from assay.runtime.settings import load_settings

UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until", help="Date that no label may reach beyond, as for train; else the data's end."
    ),
]
TrialsOption = Annotated[
    int, typer.Option("--trials", min=1, help="Settings to try, the usual ones included.")
]
BudgetOption = Annotated[
    float | None, typer.Option("--budget", min=0, help="Seconds after which none is begun.")
]
StudyOption = Annotated[
    str, typer.Option("--study", help="Name to go on by; else one made of what is searched.")
]
JobsOption = Annotated[int, typer.Option("--jobs", min=1, max=64, help="Processes that judge.")]
RayOption = Annotated[
    str | None,
    typer.Option("--ray", help="Judge on the Ray cluster at this address; local begins one here."),
]
MetricOption = Annotated[
    str,
    typer.Option(
        "--metric", help="log-loss of the direction, or net: what the surest 30 % earn after costs."
    ),
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", help="Folder for report.html and its charts.")
]


def tune(
    data: DataOption,
    until: UntilOption = None,
    symbol: SymbolOption = None,
    model: FamilyOption = "lightgbm",
    members: MembersOption = None,
    trials: TrialsOption = 40,
    budget: BudgetOption = None,
    study: StudyOption = "",
    jobs: JobsOption = 1,
    ray: RayOption = None,
    metric: MetricOption = "log-loss",
    horizon: HorizonOption = 30,
    stop: StopOption = 1.25,
    target: TargetOption = 1.25,
    leaders: LeadersOption = "all",
    seed: SeedOption = 1,
    features: FeaturesOption = "standard",
    report: ReportOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search a family's settings by purged folds of the fit span alone; a stopped search goes on.

    The first trial has the usual settings; each is counted in the trial ledger. Give `assay train`
    the same data, --until and labels, with --study, to train with the best.

    Example: assay tune --data eurusd_m1_2018.parquet --until 2018-12-31 --trials 40 --jobs 2
    """
    from assay.apps.lab.models.training import TrainingRequest, read_series
    from assay.apps.lab.tuning.cluster import gather_cluster
    from assay.apps.lab.tuning.finding import describe_finding
    from assay.apps.lab.tuning.judges import gather_judges
    from assay.apps.lab.tuning.search import TuningRequest
    from assay.apps.lab.tuning.search import tune as search
    from assay.apps.mirror.delivering import mirror
    from assay.apps.mirror.studies import tell_study
    from assay.books.trials import TrialLedger
    from assay.signals.labels import Bracket

    place = open_home(home or default_home())
    series = read_series(data, symbol or ())
    last = max(int(one.ts_open[-1]) + int(one.timeframe) for one in series)
    request = TuningRequest(
        training=TrainingRequest(
            series=series, until=parse_time(until) if until else last,
            models=place.folder("models"), **read_membership(model, members, None, "auto"),
            bracket=Bracket(horizon=horizon, stop=stop, target=target),
            leaders=read_leaders(leaders), seed=seed, config=load_settings(Config, place).value,
            ledger=TrialLedger(place), recipe=read_recipe(place, features, quiet=as_json),
        ),
        home=place, study=study, metric=metric, trials=trials, budget=budget, jobs=jobs,
    )  # fmt: skip
    gather = gather_judges if ray is None else partial(gather_cluster, address=ray)
    began = place.clock.now_ns()
    with progress("tuning", 1.0, quiet=as_json) as bar:
        found = search(request, fill_stages(bar), gather)
    if report:
        from assay.apps.lab.tuning.report import write_tuning_report

        write_tuning_report(found, report)
    told = describe_finding(found)
    mirror(
        place, request.training.config,
        lambda: tell_study(found, told, (began, place.clock.now_ns())), note,
    )  # fmt: skip
    emit(told, as_json, _show)


def _show(found: dict[str, Any]) -> str:
    lines = [
        found["verdict"],
        f"study {found['study']}: {found['trials']} trials, {found['judged']} judged on every "
        f"fold, {found['pruned']} pruned, {found['failed']} failed, {found['seconds']:.1f} s",
        f"{found['metric']}: usual settings {found['usual']['cost']:.6g}, best "
        f"{found['best']['cost']:.6g} (trial {found['best']['number']})",
    ]
    for family, settings in found["best"]["settings"].items():
        usual = found["usual"]["settings"][family]
        lines.append(f"{family:<24} {'best':>12} {'usual':>12} {'importance':>12}")
        for name, value in settings.items():
            share = found["importances"].get(f"{family}.{name}")
            shown = "-" if share is None else f"{share:.1%}"
            lines.append(f"  {name:<22} {value:>12.6g} {usual[name]:>12.6g} {shown:>12}")
    lines += [f"trial {one['number']} failed: {one['reason']}" for one in found["failures"]]
    if found["open"]:
        lines.append(f"{found['open']} trials are not done; the same command goes on with them")
    return "\n".join(
        [
            *lines,
            f"settings {found['settings']}",
            f"train with them: assay train --study {found['study']} and the same data, --until "
            "and labels",
        ]
    )


def register(app: typer.Typer) -> None:
    """Add `tune` to the command line."""
    app.command("tune")(tune)
