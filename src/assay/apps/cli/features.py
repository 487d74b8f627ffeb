"""`assay features`: the sets that models may be taught with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, note
from assay.model.time import Timeframe
from assay.runtime.environment import default_home
from assay.runtime.home import Home, open_home

if TYPE_CHECKING:
    from assay.signals.features import FeatureSet

FeaturesOption = Annotated[
    str,
    typer.Option(
        "--features",
        help="Set of features: standard, flow, your own, or a file.",
    ),
]
SetArgument = Annotated[str, typer.Argument(metavar="NAME|FILE", help="Set, or its file.")]
TimeframeOption = Annotated[str, typer.Option("--timeframe", help="Length of the bars.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="Whose sets.")]

features = typer.Typer(no_args_is_help=True, help="Look at sets of features, and check them.")


def read_recipe(place: Home, text: str, *, quiet: bool) -> Callable[[int], FeatureSet]:
    """Return what makes the set of features that a command was asked for, for a length of bars.

    An indicator that is checked for the first time is told of, unless `quiet`.
    """
    from assay.apps.lab.models.featuresets import find_recipe

    return find_recipe(place, text, None if quiet else note)


@features.command("list")
def show_all(
    tenant: TenantOption = "local", timeframe: TimeframeOption = "M5", home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List the sets there are, for bars of a length, and what is wrong with any.

    Example: assay features list --timeframe M15
    """
    from assay.apps.lab.models.featuresets import Shelf, list_sets

    shelf = Shelf(open_home(home or default_home()), tenant, None if as_json else note)
    emit({"sets": list_sets(shelf, Timeframe.parse(timeframe))}, as_json, _show_list)


def _show_list(found: dict[str, Any]) -> str:
    return "\n".join(
        f"{row['set']:<24} {row['features']:>4} features, settled after {row['settling']:,} bars"
        if row["fault"] is None
        else f"{row['set']:<24} {row['fault']}"
        for row in found["sets"]
    )


@features.command("show")
def show(
    name: SetArgument, timeframe: TimeframeOption = "M5", home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show how each feature of a set is made, and after how many bars it is known.

    Example: assay features show standard
    """
    from assay.apps.lab.models.featuresets import show_set

    length = Timeframe.parse(timeframe)
    made = read_recipe(open_home(home or default_home()), name, quiet=as_json)(length)
    emit(show_set(made, length), as_json, _show)


def _show(found: dict[str, Any]) -> str:
    return "\n".join([_head(found), *(f"  {_word(each)}" for each in found["features"])])


def _head(found: dict[str, Any]) -> str:
    return (
        f"{found['set']} for {found['timeframe']} bars: {len(found['names'])} features, known "
        f"after {found['warm_up']:,} bars and settled after {found['settling']:,}, digest "
        f"{found['digest'][:12]}"
    )


def _word(told: dict[str, Any]) -> str:
    apart = ("name", "kind", "of", "by")
    rest = ", ".join(f"{key} {value:g}" for key, value in told.items() if key not in apart)
    by = f" by {told['by']}" if told.get("by", "one") != "one" else ""
    return f"{told['name']:<28} {told['kind']:<9} {told['of']}{by} ({rest})"


@features.command("check")
def check(
    name: SetArgument, timeframe: TimeframeOption = "M5", home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Check a set, and every indicator of one's own in it; name the line of what is wrong.

    Example: assay features check two_clocks.toml --timeframe M15
    """
    from assay.apps.lab.models.featuresets import show_set

    length = Timeframe.parse(timeframe)
    made = read_recipe(open_home(home or default_home()), name, quiet=as_json)(length)
    emit(show_set(made, length), as_json, _show_check)


def _show_check(found: dict[str, Any]) -> str:
    without = "" if found["trades"] else "; without atr_share no model of brackets is taught by it"
    return f"{_head(found)}: whole{without}"


def register(app: typer.Typer) -> None:
    """Add `features list`, `show` and `check` to the command line."""
    app.add_typer(features, name="features")
