"""`assay simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, progress
from assay.model.time import Timeframe


def read_symbols(given: list[str] | None) -> tuple[str, ...]:
    """Read symbols given one by one or joined by commas; none are all that are simulated."""
    from assay.market.naming import parse_symbol
    from assay.market.simulation import SYMBOLS

    if not given:
        return SYMBOLS
    words = [word for text in given for word in text.split(",")]
    return tuple(parse_symbol(word) for word in words)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def _lines(figures: dict[str, Any]) -> str:
    accuracy = figures["bayes_accuracy"]
    return (
        f"{figures['bars']:,} bars of {figures['timeframe']} of {', '.join(figures['symbols'])}\n"
        f"{figures['first']} to {figures['last']}\n"
        f"best possible accuracy {figures['horizon']} bars ahead: {_percent(accuracy['30'])} "
        f"on the surest 30 %, {_percent(accuracy['100'])} on all\n"
        f"{_word_turbulence(figures)}"
        f"{figures['truth']}  {figures['seconds']:.1f} s"
    )


def _word_turbulence(figures: dict[str, Any]) -> str:
    if "turbulence" not in figures:
        return ""
    accuracy = figures["turbulence"]
    return (
        f"of turbulence: {_percent(accuracy['30'])} on the surest 30 %, "
        f"{_percent(accuracy['100'])} on all\n"
    )


def simulate(
    bars: Annotated[int, typer.Option("--bars", help="Bars of each symbol.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the bars and truth.parquet.")],
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds give equal files.")] = 1,
    strength: Annotated[
        float,
        typer.Option(
            "--strength",
            help="0 to 1. The best possible accuracy 30 bars ahead on the surest 30 % of bars is "
            "about 0.54 at 0.2, 0.60 at 0.5, 0.70 at 0.8; docs/simulation.md has the table.",
        ),
    ] = 0.5,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="linear: own momentum; regime: momentum when calm, reversal when turbulent; "
            "lagged: EURUSD and XAUUSD lead the others; volatility: momentum only when turbulent; "
            "mixed: a leader, the clock and the order of past bars; "
            "switching: twelve regimes that follow each other, each with its drift and volatility; "
            "none: nothing can be foretold.",
        ),
    ] = "linear",
    timeframe: Annotated[str, typer.Option("--timeframe", help="M1, M5, M15, M30, H1…")] = "M5",
    horizon: Annotated[
        int, typer.Option("--horizon", help="How many bars ahead the truth looks.")
    ] = 30,
    symbols: Annotated[
        list[str] | None,
        typer.Option("--symbols", help="EURUSD,XAUUSD or repeated; all eight by default."),
    ] = None,
    invert_at: Annotated[
        int | None,
        typer.Option("--invert-at", help="From this bar of each symbol on, the signal inverts."),
    ] = None,
    turbulence: Annotated[
        bool,
        typer.Option(
            "--turbulence",
            help="Also tell p_turbulent, the chance that label volatility comes out turbulent; "
            "takes seconds more.",
        ),
    ] = False,
    home: HomeOption = None,  # noqa: ARG001  every command takes it; this one needs no home
    as_json: JsonOption = False,
) -> None:
    """Make a market whose probabilities are known: bars to trade, and truth.parquet to judge by.

    Example: assay simulate --seed 7 --kind linear --strength 0.5 --bars 100000 --out runs/sim
    """
    from assay.apps.lab.feeds.simulation import write_simulation
    from assay.market.simulation import Scenario

    scenario = Scenario(
        seed=seed, bars=bars, kind=kind, strength=strength, timeframe=Timeframe.parse(timeframe),
        horizon=horizon, symbols=read_symbols(symbols), invert_at=invert_at,
    )  # fmt: skip
    with progress("simulating", len(scenario.symbols), quiet=as_json) as bar:

        def advance(symbol: str) -> None:
            bar.describe(symbol)
            bar.advance()

        figures = write_simulation(scenario, out, advance, turbulence=turbulence)
    emit(figures, as_json, _lines)


def register(app: typer.Typer) -> None:
    """Add `simulate` to the command line."""
    app.command("simulate")(simulate)
