"""Champions as `assay models` makes them: evidence or a name, and never one that cannot load."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import msgspec
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.champions.serving import (
    digest_pair,
    enter_taught,
    find_serving,
    keep_evidence,
    promote_model,
    scope_of,
)
from assay.apps.lab.models.exporting import export_mql5
from assay.apps.paper.models.champion import find_champion, market_of, scope_of_plan, tell_champion
from assay.apps.paper.plan import Plan
from assay.books.governance import Act, Comparison, Fallback, GovernanceLog, Refusal, Scope
from assay.model.errors import DataError, UsageError
from assay.model.time import Timeframe
from assay.runtime.home import Home, open_home
from assay.runtime.logs import open_log
from assay.signals.prediction import read_artifact, write_artifact
from tests.replay.taught import make_ensemble, make_model

H1 = int(Timeframe.H1)
SCOPE = Scope(("EURUSD",), H1)
NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three models of one graph, each of its own name."""
    folder = tmp_path_factory.mktemp("trained")
    artifact, graph = read_artifact(make_model(folder / "made"))
    for seed, name in enumerate(NAMES):
        write_artifact(
            folder / "models" / name, msgspec.structs.replace(artifact, id=name, seed=seed), graph
        )
    return folder / "models"


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Home:
    opened = open_home(tmp_path / "home")
    copytree(trained, opened.path / "models")
    return opened


class Desk:
    """Run `assay models` on one home."""

    def __init__(self, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self._capsys = home, capsys

    def call(self, *words: str, command: str = "models") -> tuple[int, str, str]:
        self._capsys.readouterr()
        code = run(build(), [command, *words, "--home", str(self.home.path)])
        shown = self._capsys.readouterr()
        return code, shown.out, shown.err

    def told(self, *words: str, command: str = "models") -> dict[str, Any]:
        code, out, err = self.call(*words, "--json", command=command)
        assert (code, err) == (0, "")
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def desk(home: Home, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(home, capsys)


def hold_against(home: Home, champion: str, challenger: str, *, proven: bool) -> Comparison:
    """Enter a comparison with its evidence."""
    models = home.path / "models"
    told = {"digests": digest_pair(models, champion, challenger)}
    line = Comparison(
        at=1, who="w", scope=SCOPE, champion=champion, challenger=challenger, start=1, end=2,
        labels=9, log_score=9.0 if proven else 1.0, profit=9.0, tries=1, proven=proven,
        evidence=keep_evidence(models, challenger, json.dumps(told).encode()),
    )  # fmt: skip
    return GovernanceLog(home).compare(line, lambda _: line)


def spoil(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_the_first_needs_no_evidence_the_next_one_does(desk: Desk, home: Home) -> None:
    assert desk.told("promote", "one")["act"] == "first"
    code, _, err = desk.call("promote", "two")
    assert (code, err.count("\n")) == (3, 1)
    assert "two was not compared with the champion one; see `assay models compare one two`" in err
    hold_against(home, "one", "two", proven=False)
    code, _, err = desk.call("promote", "two")
    assert (code, "does not show that two is better" in err) == (3, True)
    shown = hold_against(home, "one", "two", proven=True)
    told = desk.told("promote", "two")
    assert (told["act"], told["before"], told["evidence"]) == ("promoted", "one", shown.evidence)
    assert desk.told("list")["champions"][0]["champion"] == "two"
    code, _, err = desk.call("promote", "two")
    assert (code, "two is champion of EURUSD at 60 minutes already" in err) == (2, True)
    kinds = [line["line"] for line in desk.told("history")["lines"]]
    assert kinds == ["act", "refusal", "comparison", "refusal", "comparison", "act", "refusal"]
    assert desk.told("verify")["lines"] == 7


def test_an_ensemble_is_promoted_until_a_graph_of_it_is_changed(desk: Desk, home: Home) -> None:
    made = make_ensemble(home.path / "models")
    assert desk.told("promote", made.name)["act"] == "first"
    with pytest.raises(UsageError, match="train and export a member alone"):
        export_mql5(made, home.path / "model.onnx")
    spoil(made / "random_forest.onnx")
    serving = find_serving(home, SCOPE)
    assert serving is not None
    changed = "random_forest.onnx is not the graph that was trained"
    assert (serving.model, serving.refused) == ("", ((made.name, changed),))


def test_evidence_that_was_changed_or_is_of_other_models_is_refused(desk: Desk, home: Home) -> None:
    desk.told("promote", "one")
    found = hold_against(home, "one", "two", proven=True)
    path = home.path / "models" / "two" / "evidence" / f"{found.evidence}.json"
    whole = path.read_bytes()
    spoil(path)
    assert "was changed" in desk.call("promote", "two")[2]
    path.unlink()
    assert "cannot be read" in desk.call("promote", "two")[2]
    path.write_bytes(whole)
    description = home.path / "models" / "two" / "model.json"
    description.write_bytes(description.read_bytes().replace(b'"gain": 0.8', b'"gain": 0.9'))
    assert "is another model by now" in desk.call("promote", "two")[2]
    assert GovernanceLog(home).standing(SCOPE).champion == "one"


def test_an_override_is_by_name_and_with_a_reason(desk: Desk) -> None:
    desk.told("promote", "one")
    code, _, err = desk.call("promote", "two", "--override", "rini")
    assert (code, "--reason" in err) == (2, True)
    told = desk.told("promote", "two", "--override", "rini", "--reason", "spreads doubled")
    assert (told["override"], told["reason"], told["evidence"]) == ("rini", "spreads doubled", "")
    code, out, _ = desk.call("history")
    assert (code, "override by rini: spreads doubled" in out) == (0, True)


def test_a_rollback_returns_to_the_champion_before(desk: Desk, home: Home) -> None:
    desk.told("promote", "one")
    code, _, err = desk.call("rollback", "one", "--reason", "x")
    assert (code, "no champion of EURUSD at 60 minutes before one" in err) == (2, True)
    desk.told("promote", "two", "--override", "rini", "--reason", "r")
    assert desk.call("rollback", "one", "--reason", "x")[0] == 2
    told = desk.told("rollback", "two", "--reason", "worse")
    assert (told["act"], told["model"], told["before"]) == ("rolled back", "one", "two")
    desk.told("promote", "two", "--override", "rini", "--reason", "r")
    spoil(home.path / "models" / "one" / "model.onnx")
    code, _, err = desk.call("rollback", "two", "--reason", "worse")
    assert (code, "one cannot be loaded: model.onnx is not the graph" in err) == (3, True)
    assert GovernanceLog(home).standing(SCOPE).champion == "two"


@pytest.mark.parametrize("name", ["model.onnx", "model.json"])
def test_a_corrupt_champion_is_refused_and_the_one_before_serves(
    desk: Desk, home: Home, name: str
) -> None:
    for model in NAMES:
        promote_model(home, model, override="rini", reason="r")
    spoiled = home.path / "models" / "three" / name
    whole = spoiled.read_bytes()
    for ruin in (lambda: spoil(spoiled), spoiled.unlink):
        ruin()
        serving = find_serving(home, SCOPE)
        assert serving is not None
        assert (serving.model, [model for model, _ in serving.refused]) == ("two", ["three"])
        assert name in serving.refused[0][1]
    one = desk.told("list")["champions"][0]
    assert (one["champion"], one["serves"]) == ("three", "two")
    code, out, _ = desk.call(command="status")
    assert (code, "three of EURUSD at 60 minutes REFUSED" in out) == (0, True)
    assert "two serves instead" in out
    spoiled.write_bytes(whole)
    mended = find_serving(home, SCOPE)
    assert mended is not None
    assert (mended.model, mended.refused) == ("three", ())


def test_one_that_cannot_be_loaded_is_not_promoted(desk: Desk, home: Home) -> None:
    spoil(home.path / "models" / "one" / "model.onnx")
    assert desk.call("promote", "one")[0] == 3
    assert desk.call("promote", "none-such")[0] == 2
    (line,) = GovernanceLog(home).lines()
    assert isinstance(line, Refusal)
    assert desk.told("list")["models"][0]["damage"]


def test_up_trades_the_champion_of_what_it_replays(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = Plan(source="sample", strategy="ai")
    log = open_log(home, "up", level="error", file_bytes=1_000_000)
    assert scope_of_plan(plan) == SCOPE
    assert find_champion(home, plan) is None
    for model in ("one", "two"):
        promote_model(home, model, override="rini", reason="r")
    assert find_champion(home, Plan(source="sample")) is None
    assert find_champion(home, Plan(source="sample", strategy="ai", model="one")) is None
    spoil(home.path / "models" / "two" / "model.onnx")
    serving = find_champion(home, plan)
    assert serving is not None
    tell_champion(home, plan, serving, log)
    told = capsys.readouterr().err
    assert "champion two of EURUSD at 60 minutes is REFUSED: model.onnx is not the graph" in told
    assert "model one, the one before it, trades instead" in told
    last = GovernanceLog(home).lines()[-1]
    assert isinstance(last, Fallback)
    assert (last.model, last.served) == ("two", "one")
    rmtree(home.path / "models" / "one")
    nobody = find_champion(home, plan)
    assert nobody is not None
    with pytest.raises(DataError, match="no champion of EURUSD at 60 minutes can be loaded"):
        tell_champion(home, plan, nobody, log)


def test_a_simulated_market_has_a_champion_of_its_own(home: Home) -> None:
    market = market_of(Plan(source="sim", strategy="ai", seed=3))
    assert market == "simulated linear 0.7 seed 3"
    first = enter_taught(home, "one", market)
    assert isinstance(first, Act)
    assert (first.act, first.scope) == ("first", scope_of(home.path / "models", "one", market))
    assert enter_taught(home, "one", market) is None
    spoil(home.path / "models" / "one" / "model.onnx")
    again = enter_taught(home, "two", market)
    assert again is not None
    assert again.override == "assay up"
    with pytest.raises(UsageError, match="champion of nothing"):
        from assay.apps.lab.champions.serving import roll_back

        roll_back(home, "three", reason="r")
