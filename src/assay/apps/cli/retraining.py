"""`assay models retrain`: look after a champion, from whatever runs commands by the clock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, note, progress
from assay.apps.config import Config
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings

if TYPE_CHECKING:
    from assay.apps.mirror.outbox import Entry
    from assay.books.governance import Act


def retrain(
    data: Annotated[
        list[Path], typer.Option("--data", help="Parquet file of all bars until now; repeatable.")
    ],
    every: Annotated[
        int, typer.Option("--every", min=1, help="Days after which a calibration is old.")
    ] = 30,
    patience: Annotated[
        int, typer.Option("--patience", min=1, help="Days that a challenger has to be better in.")
    ] = 90,
    market: Annotated[
        str, typer.Option("--market", help="Market of its own, as `list` names it; else the real.")
    ] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do the next step for the champion of these bars: train a challenger, compare, or promote.

    A challenger is trained once the champion's calibration is old or its forecasts or losses have
    drifted, as the champion was trained, on all the bars. Each further run holds it to the champion
    on the bars that came since, and promotes it where `assay models compare` would allow that; a
    running `assay up` goes on with it. Run it by the clock, on files that grow.

    Example: assay models retrain --data eurusd_m1.parquet --every 30
    """
    from assay.apps.lab.champions.retraining import RetrainingRequest, retrain
    from assay.apps.mirror.delivering import mirror
    from assay.apps.paper.models.champion import tell_running

    place = open_home(home)
    request = RetrainingRequest(
        home=place, data=data, every=every, patience=patience, market=market,
        config=load_settings(Config, place).value,
    )  # fmt: skip
    answers: list[str] = []

    def tell(act: Act) -> None:
        answer = tell_running(place, act)
        answers.extend([answer.text] if answer else [])

    began = place.clock.now_ns()
    with progress("retraining", 1.0, quiet=as_json) as bar:
        found = retrain(request, fill_stages(bar), tell)
    mirror(place, request.config, lambda: _tell(place, found, began), note)
    emit({**found, "reasons": found["reasons"] + answers}, as_json, _show)


def _tell(place: Home, found: dict[str, Any], began: int) -> list[Entry]:
    """Return what MLflow is told of a step: a model that was trained, or one that was promoted."""
    from assay.apps.mirror.telling import tell_act, tell_training
    from assay.books.governance import Act, GovernanceLog

    folder = place.path / "models" / found.get("challenger", "")
    if found["step"] == "trained":
        return [tell_training(folder, began, place.clock.now_ns())]
    if found["step"] != "promoted":
        return []
    acts = [line for line in GovernanceLog(place).lines() if isinstance(line, Act)]
    return [tell_act(folder, acts[-1])]


def _show(found: dict[str, Any]) -> str:
    told = {
        "promoted": "{challenger} is champion of {scope} now, in the place of {champion}",
        "compared": "{challenger} goes on challenging {champion}",
        "waiting": "{challenger} waits for labels to be held to {champion} by",
        "trained": "{challenger} was trained and challenges {champion} from now on",
        "content": "{champion} stays champion of {scope}; nothing asks for another",
    }[found["step"]]
    return "\n".join([told.format(**found), *(f"  {reason}" for reason in found["reasons"])])
