"""`assay`: every command, each from its own file."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated

import typer

from assay import __version__
from assay.apps.cli.console import run

COMMANDS = (
    "importing",
    "backtesting",
    "tearsheets",
    "comparing",
    "diffing",
    "twin",
    "performance",
    "lookahead",
    "sweeping",
    "optimising",
    "frames",
    "resampling",
    "stressing",
    "scenarios",
    "simulating",
    "features",
    "indicators",
    "modelling",
    "tuning",
    "governing",
    "correlating",
    "regimes",
    "patterns",
    "running",
    "limiting",
    "holding",
    "ordering",
    "gaps",
    "operations",
    "backup",
    "ledger",
    "audit",
    "trials",
    "connecting",
    "fetching",
    "terminal",
    "examining",
    "portfolio",
    "prop",
    "band",
    "benchmarks",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"assay {__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """Return the application with every command registered."""
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

    for name in COMMANDS:
        import_module(f"assay.apps.cli.{name}").register(app)
    return app


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(build()))
