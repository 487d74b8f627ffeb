"""`assay models`: what was trained, who is champion, and how another takes its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.ablating import ablate
from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, note, progress
from assay.apps.cli.retraining import retrain
from assay.apps.cli.sealed import AuditOption, CheckpointOption, KeyOption, verify_ledger
from assay.apps.config import Config
from assay.model.errors import DataError, UsageError
from assay.model.time import format_time, parse_time
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings

if TYPE_CHECKING:
    from assay.books.governance import Act, GovernanceLine

ModelArgument = Annotated[str, typer.Argument(help="Model, as `assay models list` names it.")]
MarketOption = Annotated[
    str, typer.Option("--market", help="Market of its own, as `list` names it; else the real one.")
]

NextStartOption = Annotated[
    bool, typer.Option("--at-next-start", help="Let a running `assay up` end with what it has.")
]


def list_models(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the models of the home, and who is champion of which instruments and bars.

    Example: assay models list
    """
    from assay.apps.lab.champions.serving import list_champions
    from assay.apps.lab.models.card import list_kept

    place = open_home(home)
    champions = list_champions(place)
    ruling = {one["champion"]: one["scope"] for one in champions}
    rows = [
        {**row, "champion_of": ruling.get(row["model"])} for row in list_kept(place.path / "models")
    ]
    emit({"models": rows, "champions": champions}, as_json, _table)


def _table(found: dict[str, Any]) -> str:
    lines = []
    for row in found["models"]:
        state = row["damage"] or ("skilled" if row["skilled"] else "no skill shown")
        role = f"  champion of {row['champion_of']}" if row["champion_of"] else ""
        label = "" if row["label"] in (None, "bracket") else f", foretells label {row['label']}"
        lines.append(
            f"{row['model']:<28} {','.join(row['symbols'])} at {row['minutes']:g} minutes, fair "
            f"from {row['ready_from'][:10]}, {state}{label}{role}"
        )
    for one in found["champions"]:
        lines.append(f"champion {one['champion']} of {one['scope']} since {one['since'][:16]}")
        if one["damage"]:
            serves = one["serves"] or "nobody"
            lines.append(f"  REFUSED: {one['damage']}; {serves} serves instead")
    return "\n".join(lines or ["no model yet; `assay train` makes one"])


def show(model: ModelArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show what a model was taught, whether its files are whole, and what was done with it.

    Example: assay models show lightgbm-0123456789
    """
    from assay.apps.lab.models.card import list_facts
    from assay.books.governance import GovernanceLog
    from assay.signals.prediction import read_artifact

    place = open_home(home)
    artifact, _ = read_artifact(place.path / "models" / model)
    lines = [line for line in GovernanceLog(place).lines() if model in _models_of(line)]
    found = {
        "model": model, "facts": dict(list_facts(artifact)),
        "history": [_tell_line(line) for line in lines],
    }  # fmt: skip
    emit(found, as_json, _show_facts)


def _show_facts(found: dict[str, Any]) -> str:
    width = max(map(len, found["facts"]))
    facts = [f"{name:<{width}}  {value}" for name, value in found["facts"].items()]
    return "\n".join([found["model"], *facts, *(line["told"] for line in found["history"])])


def compare(
    champion: Annotated[str, typer.Argument(help="Model that is champion.")],
    challenger: Annotated[str, typer.Argument(help="Model that would take its place.")],
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="Parquet file of bars; repeatable.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="What the newest run recorded of both, without files.")
    ] = False,
    start: Annotated[
        str | None, typer.Option("--from", help="First bar; else the first fair to both.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="First bar not to look at.")] = None,
    market: MarketOption = "",
    report: Annotated[
        Path | None, typer.Option("--report", help="Folder for report.html and its charts.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a challenger against a champion on bars that neither has seen, as evidence to promote.

    Label by label that do not overlap: the gain in log score by an anytime-valid test, the profit
    by another that it is not lower by a margin; and whether the champion's world has drifted. Look
    as often as you like, from one start. Counted as a trial; kept with its digest. With --live
    what `assay up --challenger` recorded is weighed, while it runs or after.

    Example: assay models compare lightgbm-0123456789 xgboost-0123456789
    --data eurusd_m1_2019.parquet
    """
    from assay.apps.lab.champions.comparison import ChallengeRequest, compare_models
    from assay.apps.lab.champions.recorded import hear_run, voices_of
    from assay.apps.lab.champions.report import write_challenge_report
    from assay.books.trials import TrialLedger

    if bool(data) == live:
        raise UsageError("a comparison takes bars from --data FILE, or --live from the newest run")
    place = open_home(home)
    config = load_settings(Config, place).value
    request = ChallengeRequest(
        champion=champion, challenger=challenger, data=data or (), home=place, market=market,
        start=parse_time(start) if start else None, end=parse_time(end) if end else None,
        config=config, trials=TrialLedger(place),
        heard=hear_run(place, voices_of(champion, challenger), config) if live else (),
    )  # fmt: skip
    with progress("comparing", 1.0, quiet=as_json) as bar:
        found = compare_models(request, fill_stages(bar))
    if report:
        write_challenge_report(found, report)
    emit(found.figures, as_json, _show_comparison)


def _show_comparison(found: dict[str, Any]) -> str:
    hidden = ("verdict", "drift", "digests", "data", "program")
    lines = [f"{name:<22}{_shown(value)}" for name, value in found.items() if name not in hidden]
    drift = [
        f"drift by {one['detector']} of {one['stream']}: "
        + (f"told first {one['first_alarm']}" if one["first_alarm"] else "none told")
        + f" (highest {one['highest']:.2f} of an alarm"
        + (f", {one['alarmed']} of {one['of']} features)" if one["of"] > 1 else ")")
        for one in found["drift"]
    ]
    if not drift:
        drift = ["drift cannot be told: the champion was taught before references were kept"]
    return "\n".join([found["verdict"], *lines, *drift])


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.5f}" if isinstance(value, float) else str(value)


def metrics(model: ModelArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show how a model does in the newest run, as champion or challenger, while it runs or after.

    Of the bars that it forecast: accuracy, confidence, calibration and coverage of those whose
    label is known, its silences, and what its forecasts take. Counted as a trial.

    Example: assay models metrics lightgbm-0123456789
    """
    from assay.apps.lab.champions.monitoring import monitor_model
    from assay.books.trials import TrialLedger

    place = open_home(home)
    config = load_settings(Config, place).value
    emit(monitor_model(place, model, config, TrialLedger(place)), as_json, _show_metrics)


def _show_metrics(found: dict[str, Any]) -> str:
    states = ", ".join(f"{count:,} {state}" for state, count in found["states"].items())
    lines = [
        f"{found['model']}: {found['forecasts']:,} bars forecast ({states}), "
        f"{found['n']:,} of them with a known label"
    ]
    times = found["latency_us"]
    if times:
        lines.append(
            f"a forecast takes {times['p50']:,.0f} µs (p50), {times['p99']:,.0f} (p99), "
            f"{times['most']:,.0f} at most, of the last {times['count']:,}"
        )
    hidden = ("model", "forecasts", "n", "states", "latency_us", "silenced")
    lines += [f"{name:<24}{_shown(value)}" for name, value in found.items() if name not in hidden]
    lines += [
        f"silent: {one['symbol']} from {one['from'][:16]} until {one['until'][:16]}"
        for one in found.get("silenced", ())
    ]
    return "\n".join(lines)


def promote(
    model: ModelArgument,
    market: MarketOption = "",
    override: Annotated[
        str, typer.Option("--override", metavar="NAME", help="Who promotes without evidence.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, with an override.")] = "",
    at_next_start: NextStartOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a model champion of its instruments and bars; `assay up` trades it from now on.

    A running one goes on with it at the next bar, where it sees the same features; with
    --at-next-start, or where it does not, the next start opens a new run with it.

    The first champion needs no evidence; another takes its place where `assay models compare` has
    shown it to be better, else it is refused, exit 3, unless overridden by name.

    Example: assay models promote xgboost-0123456789
    """
    from assay.apps.lab.champions.serving import promote_model

    place = open_home(home)
    act = promote_model(place, model, market=market, override=override, reason=reason)
    _mirror_act(place, act)
    _emit_act(place, act, as_json, at_next_start=at_next_start)


def _emit_act(home: Home, act: Act, as_json: bool, *, at_next_start: bool) -> None:
    from assay.apps.paper.models.champion import tell_running

    answer = None if at_next_start else tell_running(home, act)
    found = {
        **_tell_line(act), "serves": answer.serves if answer else None,
        "running": answer.text if answer else None,
    }  # fmt: skip
    emit(
        found, as_json,
        lambda told: "\n".join(filter(None, (told["told"], told["running"]))),
    )  # fmt: skip


def challenge(
    model: Annotated[
        str, typer.Argument(help="Model, as `assay models list` names it.", show_default=False)
    ] = "",
    end: Annotated[
        bool, typer.Option("--end", help="Let whoever challenges follow no more.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the record.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a model forecast beside the one that a running `assay up` trades, or end that.

    From the next bar on it forecasts every bar, recorded and never traded; one that cannot follow
    is refused, exit 3. It stands until a start names another with --challenger or in [ai] of the
    settings.

    Example: assay models challenge xgboost-0123456789
    """
    from assay.apps.paper.models.champion import challenge_running

    if bool(model) == end:
        raise UsageError("name the MODEL that is to follow, or --end it")
    answer = challenge_running(open_home(home), model, reason)
    if not answer.serves:
        raise DataError(answer.text)
    emit(
        {"challenger": model or None, "running": answer.text}, as_json, lambda told: told["running"]
    )


def _mirror_act(place: Home, act: Act) -> None:
    from assay.apps.mirror.delivering import mirror
    from assay.apps.mirror.telling import tell_act

    config = load_settings(Config, place).value
    mirror(place, config, lambda: [tell_act(place.path / "models" / act.model, act)], note)


def rollback(
    champion: ModelArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the log.")],
    at_next_start: NextStartOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the champion before this one champion again; a running `assay up` goes on with it.

    Example: assay models rollback xgboost-0123456789 --reason "spreads have doubled"
    """
    from assay.apps.lab.champions.serving import roll_back

    place = open_home(home)
    act = roll_back(place, champion, reason=reason)
    _mirror_act(place, act)
    _emit_act(place, act, as_json, at_next_start=at_next_start)


def history(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Tell every act, comparison, retraining, refusal and fallback of the log, oldest first.

    Example: assay models history
    """
    from assay.books.governance import GovernanceLog

    told = [_tell_line(line) for line in GovernanceLog(open_home(home)).lines()]
    emit(
        {"lines": told}, as_json,
        lambda found: "\n".join(line["told"] for line in found["lines"]) or "nothing was done yet",
    )  # fmt: skip


def _models_of(line: GovernanceLine) -> set[str]:
    names = ("model", "before", "champion", "challenger", "served")
    return {getattr(line, name, "") for name in names}


def _tell_line(line: GovernanceLine) -> dict[str, Any]:
    import msgspec

    from assay.books.governance import Act, Comparison, Refusal, Retraining

    when = f"{line.number:>4}  {format_time(line.at)[:19].replace('T', ' ')}  {line.who}"
    if isinstance(line, Act):
        behind = f", in the place of {line.before}" if line.before else ""
        why = f" on evidence {line.evidence[:12]}" if line.evidence else ""
        why += f", override by {line.override}" if line.override else ""
        why += f": {line.reason}" if line.reason else ""
        told = f"{line.act}: {line.model} is champion of {line.scope}{behind}{why}"
    elif isinstance(line, Comparison):
        outcome = "shown to be better" if line.proven else "not shown to be better"
        told = (
            f"compared: {line.challenger} with {line.champion} over {line.labels:,} labels, "
            f"{outcome} (log e {line.log_score:.2f} and {line.profit:.2f}, try {line.tries}, "
            f"evidence {line.evidence[:12]})"
        )
    elif isinstance(line, Retraining):
        told = (
            f"retrained: {line.challenger} challenges {line.champion}, taught until "
            f"{format_time(line.until)[:16]}: {line.reason}"
        )
    elif isinstance(line, Refusal):
        told = f"refused: {line.model} was not {line.act}: {line.reason}"
    else:
        told = (
            f"fallback: {line.model} was refused ({line.reason}); {line.served or 'nobody'} served"
        )
    return {**msgspec.to_builtins(line), "told": f"{when}  {told}"}


def verify(
    home: HomeOption = None,
    as_json: JsonOption = False,
    public_key: KeyOption = None,
    checkpoint: CheckpointOption = None,
    audit: AuditOption = False,
) -> None:
    """Verify every line of the governance log against its chain and its signed head.

    Exit 3 where a line was changed, removed, moved or cut off, and the first bad one is named. With
    --audit, PostgreSQL is started where it does not run.

    Example: assay models verify --json
    """
    import msgspec

    from assay.books.chained import require_whole
    from assay.books.governance import ACTS

    found = verify_ledger(ACTS, open_home(home), public_key, checkpoint or (), audit=audit)
    emit(msgspec.to_builtins(found.verdict), as_json, _describe)
    require_whole(ACTS, found)


def _describe(verdict: dict[str, Any]) -> str:
    told = (
        f"the governance log holds; keep {verdict['lines']}:{verdict['hash']} elsewhere"
        if verdict["ok"]
        else f"the governance log does NOT hold at line {verdict['first_bad']}: {verdict['reason']}"
    )
    return f"{verdict['lines']:,} lines: {told}"


def register(app: typer.Typer) -> None:
    """Add `assay models` and its commands to the command line."""
    models = typer.Typer(
        no_args_is_help=True, help="See models, promote champions, and verify who did."
    )
    for name, command in (
        ("list", list_models), ("show", show), ("ablate", ablate), ("compare", compare),
        ("metrics", metrics), ("promote", promote), ("challenge", challenge), ("retrain", retrain),
        ("rollback", rollback), ("history", history), ("verify", verify),
    ):  # fmt: skip
        models.command(name)(command)
    app.add_typer(models, name="models")
