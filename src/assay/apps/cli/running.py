"""`assay up`, the kill switch, and `assay new strategy`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.backtesting import CalendarOption, RiskOption, parse_params
from assay.apps.cli.console import EXIT_INTERRUPTED, HomeOption, JsonOption, emit, note
from assay.apps.cli.opening import open_page
from assay.apps.cli.simulating import read_symbols
from assay.model.errors import UsageError
from assay.runtime.home import Home, open_home

if TYPE_CHECKING:
    from assay.runtime.journal import PostgresJournal

TENANT = "local"
SWITCH_S = 10.0
"""How long the kill switch waits for a running trader."""

TEMPLATE = '''"""{title}: say here in one sentence what it trades and why."""

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO

NAME = "{name}"
PARAMETERS = {{"bars": 24, "units": 10_000}}


def memory_words(params):
    """Return how many int64 words of memory `decide` uses."""
    return 1 + params["bars"]


@compiled
def decide(memory, event, position, params, intent):
    """Hold the direction of the last `bars` bars: long if the close rose over them, else short.

    memory: int64 words of your own, 0 at the start. event: the finished bar, in integer points
    (open, high, low, close; spread_close). position: quantity, waiting, stop, target. params: the
    values of PARAMETERS in order. intent: set action (GO_TO a quantity), stop and target prices.
    """
    bars, units = params[0], params[1]
    slot = 1 + memory[0] % bars
    before = memory[slot]
    memory[slot] = event.close
    memory[0] += 1
    if memory[0] <= bars:
        return
    target = units if event.close > before else -units
    if position.quantity + position.waiting != target:
        intent.action, intent.quantity = GO_TO, target
'''
CLASS_TEMPLATE = '''"""{title}: say here in one sentence what it trades and why."""


class Strategy:
    """Hold the direction of the last `bars` bars: long if the close rose over them, else short."""

    parameters = {{"bars": 24, "units": 10_000}}
    state = {{"seen": 1, "closes": "bars"}}

    def decide(self, state, market):
        """Say what to hold after a finished bar.

        state: whole numbers of your own, 0 at the start; all that you remember is in it. market:
        bar (open, high, low, close in integer points; spread_close, ts), position, held, params,
        and go_to, place_limit, place_stop, cancel.
        """
        place = state.seen % market.params["bars"]
        before, state.closes[place] = int(state.closes[place]), market.bar.close
        state.seen += 1
        if state.seen <= market.params["bars"]:
            return
        target = market.params["units"] * (1 if market.bar.close > before else -1)
        if market.held != target:
            market.go_to(target)
'''


StrategyOption = Annotated[
    str | None, typer.Option("--strategy", help="Name of a strategy; ai of sim, else sma-cross.")
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="Model of strategy ai; of sim one is trained at the start."),
]
ChallengerOption = Annotated[
    str | None,
    typer.Option("--challenger", help="Model that forecasts beside it and is not traded."),
]
SpeedOption = Annotated[
    str | None,
    typer.Option(
        "--speed", help="Market seconds a second, such as 1 or 60, or max; 36000, of sim 60."
    ),
]


SymbolsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--symbols",
        help="EURUSD,XAUUSD or repeated: those of --source sim, eight, or of live, which must.",
    ),
]
EdgeOption = Annotated[
    str | None, typer.Option("--edge", help="Whose quotes --source live follows; the only one.")
]
FallbackOption = Annotated[
    list[str] | None,
    typer.Option("--fallback", help="Edge whose quotes serve where those before fail; repeatable."),
]
StrengthOption = Annotated[
    float | None, typer.Option("--strength", help="Strength of --source sim, 0 to 1; 0.7.")
]
RoadOption = Annotated[
    str | None,
    typer.Option("--other-road", help="Edge of the same login for exits that --edge cannot do."),
]
BrokerOption = Annotated[
    str, typer.Option("--broker", help="Who fills --source live: paper, or edge, its terminal.")
]


def up(
    source: Annotated[
        str | None,
        typer.Option("--source", help="sim, sample, replay or live; sim without --data."),
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="Parquet file to replay; repeatable.")
    ] = None,
    strategy: StrategyOption = None,
    model: ModelOption = None,
    challenger: ChallengerOption = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="Strategy parameter, name=value; repeatable."),
    ] = None,
    calendar: CalendarOption = None,
    risk: RiskOption = None,
    speed: SpeedOption = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of --source sim; 1.")] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Kind of --source sim, as `simulate` has; linear.")
    ] = None,
    strength: StrengthOption = None,
    symbols: SymbolsOption = None,
    edge: EdgeOption = None,
    fallback: FallbackOption = None,
    broker: BrokerOption = "paper",
    other_road: RoadOption = None,
    seconds: Annotated[
        float | None, typer.Option("--for", min=0.1, help="Stop after so many seconds.")
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the page; 0 is none.")
    ] = 8000,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the page's link; open no browser.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Print lines, no live view.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trade with paper money on a market, and go on where the last run stopped.

    Without options: teach a model on the past of a simulated market and trade it there. That
    market lasts 20 trading days, 8 hours at its usual speed; then another --seed gives another.

    Example: assay up --source sample --speed max --plain
    """
    from assay.apps.paper.plan import Plan
    from assay.apps.paper.up import run_platform
    from assay.market.replay import parse_speed

    source = source or ("replay" if data else "sim")
    strategy = strategy or ("ai" if source == "sim" or model else "sma-cross")
    plan = Plan(
        source=source, data=tuple(str(path.resolve()) for path in data or []), strategy=strategy,
        model=model, challenger=challenger, params=parse_params(param or []), risk=risk, kind=kind,
        speed=parse_speed(_usual_speed(source) if speed is None else speed), strength=strength,
        edge=edge, broker=broker, fallbacks=tuple(fallback or ()), seconds=seconds, seed=seed,
        symbols=read_symbols(symbols) if symbols else None, other_road=other_road,
        calendar=str(calendar.resolve()) if calendar else None,
    )  # fmt: skip
    browser = sys.stdout.isatty() and not (no_browser or plain or as_json)
    figures = run_platform(
        open_home(home), plan, port=port, plain=plain or as_json, browser=browser
    )
    emit(figures, as_json, _summary)
    if figures["interrupted"]:
        raise typer.Exit(EXIT_INTERRUPTED)


def _usual_speed(source: str) -> str:
    return {"sim": "60", "live": "max"}.get(source, "36000")


def _summary(figures: dict[str, Any]) -> str:
    state = "stopped; the next `assay up` goes on"
    if figures["finished"]:
        state = "the feed is finished; another --home, --seed or --data starts afresh"
    return (
        f"{figures['events']:,} events  {figures['orders']:,} orders  {figures['fills']:,} fills  "
        f"equity {figures['equity']:,.2f}  ({state})"
    )


ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]
ByOption = Annotated[str, typer.Option("--by", help="Who; kept in the record.")]


def halt(
    reason: ReasonOption, by: ByOption = "operator", home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Engage the kill switch: resting orders are cancelled, new ones refused, restarts included.

    Example: assay halt --reason "odd prices"
    """
    from assay.apps.paper.control.orders import order_halt
    from assay.runtime.journal import Halt

    opened = open_home(home)
    if opened.is_locked("up"):
        order_halt(opened, reason, by, seconds=SWITCH_S)
    else:
        with _open_journal(opened) as journal:
            journal.set_halt(Halt(TENANT, True, reason, by, opened.clock.now_ns()))
    emit({"halted": True, "reason": reason, "by": by}, as_json, lambda _: "trading is halted")


ConfirmOption = Annotated[
    str, typer.Option("--confirm", metavar="CODE", help="The halt's code; without it, it is told.")
]


def resume(
    reason: ReasonOption, confirm: ConfirmOption = "", by: ByOption = "operator",
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Release the kill switch in two steps: ask for the code of the halt, then give it.

    Example: assay resume --reason "prices are sane again" --by rini --confirm 1a2b3c
    """
    code = _release(open_home(home), reason, by, confirm)
    told = {"halted": not confirm, "reason": reason, "by": by, "code": None if confirm else code}
    if not confirm:
        note("trading stays halted until the same command is given with --confirm and this code")
    emit(told, as_json, lambda _: "trading may go on" if confirm else code)


def _release(home: Home, reason: str, by: str, confirm: str) -> str:
    """Lift the halt by its code, or return that; raise UsageError for another one."""
    from assay.apps.paper.control.orders import RELEASE, ControlOrder, ask_trader
    from assay.apps.paper.control.release import release_code, require_code
    from assay.runtime.journal import Halt

    if home.is_locked("up"):
        order = ControlOrder(RELEASE, reason, by, confirm=confirm)
        answer = ask_trader(home, order, seconds=SWITCH_S, is_patient=False)
        if not answer.serves:
            raise UsageError(f"nothing was resumed: {answer.text}")
        return answer.text
    with _open_journal(home) as journal:
        halt = journal.halt_state(TENANT)
        code = release_code(halt)
        if confirm:
            require_code(halt, confirm)
            journal.set_halt(Halt(TENANT, False, reason, by, home.clock.now_ns()))
    return code


@contextmanager
def _open_journal(home: Home) -> Iterator[PostgresJournal]:
    """Open the journal of a home in which nothing runs."""
    from assay.apps.config import Config
    from assay.runtime.journal import PostgresJournal
    from assay.runtime.settings import load_settings
    from assay.runtime.stores.postgres import open_postgres

    config = load_settings(Config, home).value
    postgres = open_postgres(home.path, config.postgres.dsn or None)
    try:
        journal = PostgresJournal(postgres.dsn)
        yield journal
        journal.close()
    finally:
        postgres.stop()


def new_strategy(
    name: Annotated[str, typer.Argument(help="Its name: lower-case words joined by hyphens.")],
    as_class: Annotated[
        bool, typer.Option("--class", help="As a class, in plain Python; for replay and paper.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a strategy of your own, ready to backtest, into the home's folder `strategies`.

    Example: assay new strategy my-trend
    """
    from assay.trading.engine.loading import strategy_names

    words = name.split("-")
    if not all(word.isidentifier() and word.islower() for word in words):
        raise UsageError(f"{name!r} is no name; use lower-case words joined by hyphens: my-trend")
    folder = open_home(home).folder("strategies")
    if name in strategy_names(folder):
        raise UsageError(f"a strategy {name!r} exists already; choose another name")
    path = folder / f"{'_'.join(words)}.py"
    template = CLASS_TEMPLATE if as_class else TEMPLATE
    path.write_text(template.format(name=name, title=" ".join(words).capitalize()))
    driver = " --driver replay" if as_class else ""
    note(f"try it: assay backtest --strategy {name} --data FILE --param bars=48{driver}")
    emit({"strategy": name, "path": str(path)}, as_json)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("up")(up)
    app.command("open")(open_page)
    app.command("halt")(halt)
    app.command("resume")(resume)
    new = typer.Typer(help="Start something of your own.", no_args_is_help=True)
    new.callback()(lambda: None)
    new.command("strategy")(new_strategy)
    app.add_typer(new, name="new")
