"""`assay status`, `stop`, `logs`, `doctor` and `config show`: look after an installation."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import chain
from typing import Annotated, Any

import msgspec
import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.apps.config import Config
from assay.model.errors import DataError
from assay.model.time import format_time
from assay.runtime.faults import load_faults
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings

EXIT_ENVIRONMENT = 4

CountOption = Annotated[int, typer.Option("-n", "--count", min=0, help="How many entries.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Wait for more; end: Ctrl-C.")]
ProcessOption = Annotated[
    str | None, typer.Option("--process", metavar="NAME", help="Only this process, such as up.")
]
LevelOption = Annotated[
    str, typer.Option("--level", help="The lowest level: debug, info, warning or error.")
]
DeadlineOption = Annotated[
    float, typer.Option("--deadline", metavar="SECONDS", min=0.0, help="Then kill what is left.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(status)
    app.command()(stop)
    app.command()(logs)
    app.command()(doctor)
    config = typer.Typer(help="Read the settings.", no_args_is_help=True)
    config.command("show")(show_config)
    app.add_typer(config, name="config")


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show what runs on a home, and the faults it has seen.

    Example: assay status --json
    """
    from assay.apps.analytics.lag import read_lag
    from assay.apps.paper.view.picture import PICTURE, read_picture
    from assay.apps.paper.view.sheet import Serving, read_serving
    from assay.runtime.supervisor import platform_status

    opened = open_home(home)
    found = platform_status(opened)
    found["champions"], found["governance"] = _read_champions(opened)
    serving = read_serving(opened) if found["running"] else Serving()
    found["model"], found["challenger"] = serving.model, serving.challenger
    found["analytics_lag"] = read_lag(opened) if found["running"] else None
    picture = read_picture(opened.path / "run" / PICTURE) if found["running"] else None
    found["halted"] = bool(picture and picture.halted)
    found["entries_halted"] = picture.entries_halted if picture else []
    found["since"] = format_time(found["since"]) if found["since"] else None
    found["faults"] = [
        {"fingerprint": each.fingerprint, "kind": each.kind, "count": each.count,
         "last": format_time(each.last), "hint": each.hint}
        for each in load_faults(opened)[-10:]
    ]  # fmt: skip
    emit(found, as_json, _status_text)


def _read_champions(home: Home) -> tuple[list[dict[str, Any]], str]:
    """Return every champion, and why they are not known where the log does not hold."""
    from assay.apps.lab.champions.serving import list_champions

    try:
        return list_champions(home), ""
    except DataError as error:
        return [], str(error)


def _word_champion(one: Mapping[str, Any]) -> str:
    if one["damage"]:
        instead = f"{one['serves'] or 'nobody'} serves instead"
        return f"champion   {one['champion']} of {one['scope']} REFUSED: {one['damage']}; {instead}"
    return f"champion   {one['champion']} of {one['scope']}"


def _status_text(found: Mapping[str, Any]) -> str:
    since = f" as process {found['pid']} since {found['since']}" if found["running"] else ""
    lines = [f"home       {found['home']}"]
    lines.append(f"platform   {'running' + since if found['running'] else 'not running'}")
    if found["model"]:
        behind = f", {found['challenger']} challenges it" if found["challenger"] else ""
        lines.append(f"model      {found['model']} serves{behind}")
    if found["halted"]:
        lines.append("halted     the kill switch is engaged; `assay resume` releases it")
    lines += [f"entries    held back: {each}" for each in found["entries_halted"]]
    lines += [
        f"  {each['name']:<8} {each['status']} (process {each['pid']}, {each['restarts']} restarts)"
        for each in found["children"]
    ]
    if found["leftovers"]:
        lines.append("leftovers  a killed `assay up` left processes; run `assay stop`")
    owner, lag = found["analytics"], found["analytics_lag"]
    late = f", {lag['behind']:,} messages behind ({lag['seconds']:g} s)" if lag else ""
    lines.append(f"analytics  {f'running as process {owner}' if owner else 'not running'}{late}")
    if lag and lag["error"]:
        lines.append(f"           {lag['error']}")
    lines.append(f"postgres   {'running' if found['postgres'] else 'not running'}")
    lines += [_word_champion(each) for each in found["champions"]]
    if found["governance"]:
        lines.append(f"champions  unknown: {found['governance']}")
    lines += [
        f"fault      {each['fingerprint']} {each['kind']} x{each['count']}, last {each['last']}"
        for each in found["faults"]
    ]
    return "\n".join(lines)


def stop(
    home: HomeOption = None, deadline: DeadlineOption = 30.0, as_json: JsonOption = False
) -> None:
    """Stop `assay up`, or end what a killed one left behind.

    Example: assay stop
    """
    from assay.runtime.supervisor import stop_platform

    report = stop_platform(open_home(home), seconds=deadline)
    emit(msgspec.structs.asdict(report), as_json, _stop_text)


def _stop_text(report: Mapping[str, Any]) -> str:
    parts = [f"ended {', '.join(report['ended'])}"] if report["ended"] else []
    if report["killed"]:
        parts.append(f"killed {', '.join(report['killed'])}")
    if report["in_use"]:
        parts.append(f"still used by another command: {', '.join(report['in_use'])}")
    return "; ".join(parts) or "nothing was running"


def logs(
    count: CountOption = 50,
    follow: FollowOption = False,
    process: ProcessOption = None,
    level: LevelOption = "debug",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest log entries of all processes in order of time.

    With --json --follow each entry is one JSON line.
    Example: assay logs -n 20 --level warning
    """
    from assay.runtime.logs import follow_logs, human_line, read_logs

    opened = open_home(home)
    entries = read_logs(opened, count=count, process=process, level=level)
    if not follow:
        emit({"entries": entries}, as_json, lambda _: "\n".join(map(human_line, entries)) or None)
        return
    for entry in chain(entries, follow_logs(opened, process=process, level=level)):
        line = msgspec.json.encode(entry).decode() if as_json else human_line(entry)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check the machine and the home, and say how to mend what is wrong; exit 4 if anything is.

    Example: assay doctor
    """
    from assay.apps.cli.doctor import BAD, examine

    opened = open_home(home)
    config = load_settings(Config, opened).value
    checks = examine(opened, config.postgres.dsn)
    healthy = all(check.status != BAD for check in checks)
    result = {"healthy": healthy, "checks": [msgspec.structs.asdict(each) for each in checks]}
    emit(result, as_json, _doctor_text)
    if not healthy:
        raise typer.Exit(EXIT_ENVIRONMENT)


def _doctor_text(result: Mapping[str, Any]) -> str:
    return "\n".join(
        f"{each['status']:<8} {each['name']:<12} {each['found']}"
        + (f"\n{'':<21} -> {each['remedy']}" if each["remedy"] else "")
        for each in result["checks"]
    )


def show_config(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show every setting, its value and where it comes from; secrets are masked.

    Example: assay config show
    """
    opened = open_home(home)
    rows = load_settings(Config, opened).rows()
    result = {"file": str(opened.config_file), "settings": rows}
    emit(result, as_json, lambda _: _config_text(rows))


def _config_text(rows: list[dict[str, Any]]) -> str:
    width = max(len(row["key"]) for row in rows)
    return "\n".join(f"{row['key']:<{width}}  {row['value']!s:<24} {row['origin']}" for row in rows)
