"""`assay mt5-sim`: a simulated MetaTrader 5 terminal in a process of its own."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from assay.apps.cli.console import JsonOption, emit, note
from assay.model.errors import UsageError

SecondOption = Annotated[
    Path | None, typer.Option("--second", help="Address of a second terminal at the server.")
]
DEFAULT_ADDRESS = Path("mt5-sim.json")


def serve_terminal(
    data: Annotated[
        list[Path], typer.Option("--data", help="Parquet file of ticks or bars; repeatable.")
    ],
    profile: Annotated[
        str, typer.Option("--profile", help="netting, hedging or a TOML file of a broker.")
    ] = "netting",
    port: Annotated[int, typer.Option("--port", help="On 127.0.0.1; 0 for any free one.")] = 0,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", min=0.0, help="Market seconds a second; 0 moves time only when asked to."
        ),
    ] = 1.0,
    begin: Annotated[
        str | None,
        typer.Option(
            "--begin", metavar="TIME", help="Move the data to begin then: now, or a time in UTC."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of latency and slippage.")] = 1,
    state: Annotated[
        Path | None, typer.Option("--state", help="File that keeps the books over a restart.")
    ] = None,
    address: Annotated[
        Path, typer.Option("--address", help="File to write port and token to, for the user alone.")
    ] = DEFAULT_ADDRESS,
    second: SecondOption = None,
    calendar: Annotated[
        Path | None,
        typer.Option("--calendar", help="File of releases, near which latency and slippage grow."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a simulated MetaTrader 5 terminal until it is interrupted.

    Example: assay mt5-sim --data eurusd_m1.parquet --profile hedging --speed 60
    """
    from assay.apps.lab.feeds.quotes import begin_at, news_spans, read_quotes
    from assay.market.news import read_calendar
    from assay.model.time import parse_time
    from assay.runtime.clock import SystemClock
    from assay.trading.terminal import SimulatedTerminal, load_profile
    from assay.trading.terminal.serving import TerminalHost, serve_second

    broker = load_profile(profile)
    if not data:
        raise UsageError("no data given; name at least one Parquet file with --data")
    feed = read_quotes(data, broker)
    if begin is not None:
        feed = begin_at(feed, SystemClock().now_ns() if begin == "now" else parse_time(begin))
    terminal = SimulatedTerminal(broker, seed=seed, feed=feed)
    if calendar is not None:
        terminal.server.announce(news_spans(read_calendar(calendar), broker))
    host = TerminalHost(terminal, port=port, speed=speed, state=state)
    host.write_address(address)
    emit(
        {
            "listening": f"{host.address.host}:{host.address.port}", "address": str(address),
            "profile": broker.name, "login": broker.accounts[0].login,
        },
        as_json,
    )  # fmt: skip
    note("Interrupt ends it.")
    try:
        with serve_second(host, second) if second else nullcontext():
            host.run()
    finally:
        host.save()
        address.unlink(missing_ok=True)


def register(app: typer.Typer) -> None:
    """Add `mt5-sim` to the command line."""
    app.command("mt5-sim")(serve_terminal)
