"""`assay up`: one supervisor, the trader process, and the view in front."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from assay.apps.analytics.lag import FILE as LAG
from assay.apps.child import child_command
from assay.apps.cli.console import note
from assay.apps.conditions.state import FILE as STATE
from assay.apps.conditions.state import NOTHING, PARTS, write_state
from assay.apps.config import Config
from assay.apps.gateway.address import Announcement, forget_page, web_program
from assay.apps.paper.models.champion import (
    count_acts,
    find_champion,
    name_challenger,
    tell_champion,
)
from assay.apps.paper.models.lessons import TAUGHT, read_teaching
from assay.apps.paper.plan import Plan, check_files
from assay.apps.paper.refusal import FILE, raise_refusal
from assay.apps.paper.view.picture import PICTURE, Picture, read_picture
from assay.apps.paper.view.sheet import PAST, SHEET, STANDING, TIMES
from assay.apps.paper.view.terminal import plain_line, render
from assay.runtime.clock import Deadline, Stopwatch
from assay.runtime.home import Home
from assay.runtime.logs import open_log
from assay.runtime.settings import load_settings
from assay.runtime.supervisor import Program, Supervisor, require_port, stop_signals
from assay.runtime.wakefulness import stay_awake

HOST = "127.0.0.1"
TRADER, AUDIT, STORE, TRAINER = "trader", "audit", "store", "trainer"
CONDITIONS, TWIN = "conditions", "twin"
LEFT = (PICTURE, SHEET, STANDING, PAST, FILE, LAG, TAUGHT, TIMES, STATE)
"""What a run before this one may have left to be mistaken for ours."""
SPACE_NEEDED = 500_000_000
FRAME_S = 0.1
PLAIN_EVERY_S = 1.0
STOP_S = 20.0


class _Rate:
    """Measure events per second between two looks."""

    def __init__(self) -> None:
        self._watch, self._events, self._shown = Stopwatch(), 0, 0.0

    def see(self, events: int) -> float:
        """Return the rate since at least half a second ago."""
        elapsed = self._watch.elapsed()
        if elapsed >= 0.5:
            self._shown = max(events - self._events, 0) / elapsed
            self._events = events
            self._watch.restart()
        return self._shown


def run_platform(
    home: Home, plan: Plan, *, port: int, plain: bool, browser: bool = False
) -> dict[str, Any]:
    """Run the platform until its feed ends, its time is up, or it is stopped; return a summary.

    With a `port` the page is served there, its one-time URL told, and opened in a `browser`.
    Raises RetryError when the home or the port is taken, and what keeps the trader from running.
    """
    config = load_settings(Config, home).value
    lines, serving = count_acts(home), find_champion(home, plan)
    if serving and serving.model:
        plan = msgspec.structs.replace(plan, model=serving.model, follows=True, lines=lines)
    plan = name_challenger(plan, config.ai.challenger)
    check_files(plan, home.path)
    plan = _anchored(home, plan, config)
    home.require_space(SPACE_NEEDED)
    log = open_log(home, "up", level="error", file_bytes=config.log.bytes)
    picture_path, refusal = home.folder("run") / PICTURE, home.folder("run") / FILE
    with ExitStack() as stack:
        if config.machine.stay_awake:
            stack.enter_context(stay_awake())
        supervisor = stack.enter_context(Supervisor(home, home.clock, log, stop_s=STOP_S))
        for name in LEFT:
            (home.path / "run" / name).unlink(missing_ok=True)
        is_stopped = stack.enter_context(stop_signals())
        if port:
            require_port(HOST, port)

        def is_refused() -> bool:
            return is_stopped() or refusal.exists()

        if serving:
            tell_champion(home, plan, serving, log)
        if plan.needs_teaching:
            model = _teach(supervisor, home, plan, is_refused)
            plan = msgspec.structs.replace(plan, model=model, follows=True, lines=count_acts(home))
        if is_refused():
            raise_refusal(refusal)
            return _summary(None, interrupted=is_stopped.is_interrupt)
        is_live = sys.stdout.isatty() and not plain
        note("starting the database, the engine and the market…")
        supervisor.start(_trader_program(home, plan))
        page = None
        if port:
            supervisor.start(web_program(home, port))
            stack.callback(forget_page, home)
            page = Announcement(home, port, browser=browser, told=not is_live)

        def is_over() -> bool:
            return is_refused() or _is_done(supervisor, TRADER)

        # What follows the trader would only take its time while it starts.
        supervisor.run(lambda: is_over() or picture_path.exists())
        supervisor.start(_audit_program(home))
        supervisor.start(_watching_program(home, STORE, "analytics"))
        _start_beside(supervisor, home, plan, config)
        watch = _watch_live if is_live else _watch_plainly
        watch(supervisor, picture_path, is_over, page)
        # First the trader, then the audit, with everything that the trader has left behind.
        # Together they have one time, shorter than `assay stop` waits before it kills us.
        until = Deadline(STOP_S)
        supervisor.end(TRADER, until)
        supervisor.end(AUDIT, until)
        supervisor.stop(until)
        raise_refusal(refusal)
    return _summary(read_picture(picture_path), interrupted=is_stopped.is_interrupt)


def _anchored(home: Home, plan: Plan, config: Config) -> Plan:
    if plan.source != "live":
        return plan
    from assay.apps.paper.market.live import anchor_plan, name_sources

    if plan.broker == "edge":
        other = plan.other_road or config.roads.other or None
        plan = msgspec.structs.replace(plan, other_road=other)
    return anchor_plan(home, name_sources(home, plan, config.sources))


def _summary(picture: Picture | None, *, interrupted: bool) -> dict[str, Any]:
    picture = picture or Picture()
    return {
        "events": picture.events, "orders": picture.orders_sent, "fills": picture.fills,
        "denied": picture.denied, "equity": picture.equity, "finished": picture.done,
        "halted": picture.halted, "interrupted": interrupted,
    }  # fmt: skip


def _teach(
    supervisor: Supervisor, home: Home, plan: Plan, is_over: Callable[[], bool]
) -> str | None:
    """Let the trainer make the model of a plan, telling each stage; None where it was stopped."""
    payload = msgspec.json.encode(plan).decode()
    argv = child_command("paper.models.teaching", home, payload)
    supervisor.start(Program(name=TRAINER, argv=argv, restarts_max=1))
    told = ""

    def is_done() -> bool:
        nonlocal told
        teaching = read_teaching(home)
        if teaching and teaching.stage != told and not teaching.model:
            told = teaching.stage
            note(f"training: {told}…")
        return is_over() or _is_done(supervisor, TRAINER)

    supervisor.run(is_done)
    supervisor.end(TRAINER)
    teaching = read_teaching(home)
    if teaching is None or not teaching.model:
        return None
    verdict = "skilled" if teaching.skilled else "without skill, so it will abstain"
    note(f"model {teaching.model}, {verdict} ({teaching.seconds:.0f} s)")
    return teaching.model


def _trader_program(home: Home, plan: Plan) -> Program:
    argv = child_command("paper.process", home, msgspec.json.encode(plan).decode())
    return Program(name=TRADER, argv=argv, restarts_max=3)


def _audit_program(home: Home) -> Program:
    return Program(name=AUDIT, argv=child_command("paper.auditing", home), orderly=True)


def _watching_program(home: Home, name: str, room: str) -> Program:
    """Return a process that trading goes on without."""
    return Program(name=name, argv=child_command(f"{room}.process", home), vital=False)


def _start_beside(supervisor: Supervisor, home: Home, plan: Plan, config: Config) -> None:
    """Start what watches the trading and is not needed for it."""
    if _has_conditions(plan, config):
        supervisor.start(_watching_program(home, CONDITIONS, "conditions"))
    else:
        write_state(home, 0, NOTHING, dict.fromkeys(PARTS, "this run watches none"))
    # Only a market that comes at its own pace has days that end overnight.
    if plan.source == "live" and config.twin.enabled:
        supervisor.start(_watching_program(home, TWIN, "twin"))


def _has_conditions(plan: Plan, config: Config) -> bool:
    """Say whether there may be regimes, correlations or drift to watch."""
    has_several = plan.source == "sim" or max(len(plan.data), len(plan.symbols or ())) > 1
    watched = config.conditions
    return watched.enabled and (bool(watched.regimes or plan.model) or has_several)


def _is_done(supervisor: Supervisor, name: str) -> bool:
    return any(each.name == name and each.status == "done" for each in supervisor.states())


def _watch_live(
    supervisor: Supervisor, path: Path, is_stopped: Callable[[], bool], page: Announcement | None
) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console, rate = Console(), _Rate()
    with Live(Text("starting…"), console=console, screen=True, auto_refresh=False) as live:

        def over() -> bool:
            if page:
                page.look()
            picture = read_picture(path)
            if picture:
                told = page.text if page else ""
                shown = render(picture, rate.see(picture.events), console.size, told)
                live.update(shown, refresh=True)
            Deadline(FRAME_S).pause(FRAME_S)
            return is_stopped()

        supervisor.run(over)


def _watch_plainly(
    supervisor: Supervisor, path: Path, is_stopped: Callable[[], bool], page: Announcement | None
) -> None:
    rate, since, last, told = _Rate(), Stopwatch(), "", list[str]()

    def over() -> bool:
        nonlocal last, told
        if page:
            page.look()
        if since.elapsed() >= PLAIN_EVERY_S:
            since.restart()
            picture = read_picture(path)
            if picture and picture.time:
                line = plain_line(picture, rate.see(picture.events))
                if line != last:
                    note(line)
                for alert in reversed([each for each in picture.alerts if each not in told]):
                    note(f"alert: {alert}")
                last, told = line, picture.alerts
        return is_stopped()

    supervisor.run(over)
    picture = read_picture(path)
    if picture and picture.time:
        note(plain_line(picture, rate.see(picture.events)))
