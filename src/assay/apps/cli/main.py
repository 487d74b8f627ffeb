"""`assay`: every command, each from its own file."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Annotated

import typer

from assay import __version__
from assay.apps.cli.console import run

COMMANDS = {
    "importing": "import data",
    "backtesting": "backtest",
    "tearsheets": "tearsheet",
    "comparing": "compare",
    "diffing": "diff",
    "twin": "twin",
    "performance": "performance",
    "lookahead": "lookahead",
    "sweeping": "sweep",
    "optimising": "optimise",
    "frames": "frames",
    "resampling": "montecarlo",
    "stressing": "stress",
    "scenarios": "scenario",
    "simulating": "simulate",
    "features": "features",
    "indicators": "indicators",
    "modelling": "walk-forward train evaluate",
    "tuning": "tune",
    "governing": "models",
    "correlating": "correlations",
    "regimes": "regimes",
    "patterns": "patterns",
    "running": "up open halt resume new",
    "limiting": "limits",
    "holding": "entries",
    "ordering": "flatten order",
    "gaps": "weekend-gaps",
    "operations": "status stop logs doctor config",
    "backup": "backup restore home",
    "ledger": "ledger",
    "audit": "audit",
    "trials": "trials",
    "connecting": "connector bridge",
    "fetching": "fetch",
    "terminal": "mt5-sim",
    "examining": "broker",
    "portfolio": "portfolio",
    "prop": "prop",
    "band": "band",
    "benchmarks": "bench",
}
"""The words that each file adds, in the order of the help."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"assay {__version__}")
        raise typer.Exit


@cache
def build(word: str = "") -> typer.Typer:
    """Return the application with every command; with that of a `word` alone, where there is one.

    A command that runs need not wait until all others were read.
    """
    app = typer.Typer(
        name="assay",
        help="Turn market data into audited, risk-checked trading decisions.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def options(
        version: Annotated[
            bool,
            typer.Option("--version", callback=_show_version, is_eager=True, help="Show it."),
        ] = False,
    ) -> None:
        """Turn market data into audited, risk-checked trading decisions."""

    meant = [name for name, words in COMMANDS.items() if word in words.split()]
    for name in meant or COMMANDS:
        import_module(f"assay.apps.cli.{name}").register(app)
    return app


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(build(*sys.argv[1:2])))
