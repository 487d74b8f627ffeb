"""`assay features` and `assay indicators`: whose sets there are, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.apps.cli.console import run
from assay.apps.cli.features import read_recipe
from assay.apps.cli.main import build
from assay.apps.lab.models.featuresets import OWN, Shelf, find_recipe, find_written
from assay.apps.lab.models.leaders import choose_candidates
from assay.apps.lab.models.training import TrainingRequest
from assay.model.errors import UsageError
from assay.model.time import Timeframe
from assay.runtime.home import Home, open_home
from assay.signals.features import standard_set
from assay.signals.streams.catalogue import INDICATORS
from tests.contract.samples import parquet_bars

SWING = (Path(__file__).parents[4] / "contract/own/swing.py").read_text(encoding="utf-8")
SMALL = """
[[group]]
indicators = ["atr"]
features = [{ name = "reach", quotient = "atr_14.atr", by = "bar.close" }]
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(tmp_path / "home")
    write(made, "local", "small", SMALL)
    write(made, "acme", "wide", 'extends = "standard"\n')
    return made


def write(home: Home, tenant: str, name: str, text: str) -> Path:
    path = Shelf(home, tenant).folder("features") / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def call(home: Home, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert run(build(), [*words, "--home", str(home.path), "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    found: dict[str, Any] = json.loads(shown.out)
    return found


def test_a_tenant_sees_its_own_sets_and_what_is_wrong_with_them(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = write(home, "local", "torn", SMALL.replace("atr_14", "atr_15"))
    rows = call(home, capsys, "features", "list")["sets"]
    assert [row["set"] for row in rows] == ["standard", "flow", "small", "torn"]
    assert [row["features"] for row in rows] == [49, 61, 1, None]
    assert rows[3]["fault"].startswith(f"{torn} line 4: feature reach: its term 'atr_15.atr' is")
    theirs = call(home, capsys, "features", "list", "--tenant", "acme")["sets"]
    assert [row["set"] for row in theirs] == ["standard", "flow", "wide"]


def test_a_set_is_shown_feature_by_feature(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    found = call(home, capsys, "features", "show", "small", "--timeframe", "M15")
    assert found["features"] == [
        {"name": "reach", "kind": "quotient", "of": "atr_14.atr", "by": "bar.close", "factor": 1.0,
         "floor": 0.5}
    ]  # fmt: skip
    assert (found["set"], found["warm_up"], found["indicators"]) == ("small.1", 15, ["atr_14"])
    checked = call(home, capsys, "features", "check", "small")
    assert (checked["digest"], checked["trades"]) == (found["digest"], False)
    standard = call(home, capsys, "features", "show", "standard")
    assert standard["trades"]
    assert standard["digest"] == standard_set(Timeframe.M5).digest
    assert {each["kind"] for each in standard["features"]} == {
        "quotient", "change", "ewma", "product",
    }  # fmt: skip


def test_a_set_is_found_by_name_by_tenant_and_by_path(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(SMALL, encoding="utf-8")
    for text, name in (
        ("small", "small"), ("local/small", "small"), ("acme/wide", "wide"),
        (str(elsewhere), "elsewhere"),
    ):  # fmt: skip
        assert find_written(home, text).name == name
    assert find_recipe(home, "standard") is standard_set
    assert find_recipe(home, "flow")(Timeframe.M5).id == "flow.1"
    with pytest.raises(
        UsageError, match="'wide' is unknown; there are standard, flow, small; a set"
    ):
        find_written(home, "wide")
    with pytest.raises(UsageError, match=r"none\.toml cannot be read: No such file"):
        find_written(home, "none.toml")
    with pytest.raises(UsageError, match=r"tenant '\.\.' is no name"):
        find_written(home, "../small")


def test_a_file_that_changes_meanwhile_changes_nothing_of_a_command(home: Home) -> None:
    recipe = read_recipe(home, "small", quiet=True)
    before = recipe(Timeframe.M5)
    write(home, "local", "small", SMALL.replace("reach", "span"))
    assert recipe(Timeframe.M5) is before
    assert read_recipe(home, "small", quiet=True)(Timeframe.M5).names == ("span",)


def test_what_a_set_lacks_is_told_before_anything_is_taught(home: Home, tmp_path: Path) -> None:
    recipe = read_recipe(home, "small", quiet=True)
    request = TrainingRequest(
        series=[parquet_bars()], until=0, models=tmp_path, recipe=recipe
    )  # fmt: skip
    with pytest.raises(UsageError, match="set small has no feature atr_share, by which brackets"):
        _ = request.features
    small = recipe(Timeframe.M5)
    pair = ("EURUSD", "USDJPY")
    assert choose_candidates(None, pair, small) == ()
    assert choose_candidates(None, pair, standard_set(Timeframe.M5)) == pair
    with pytest.raises(UsageError, match=r"followed by steady_return, .* which small lacks; add"):
        choose_candidates(["EURUSD"], pair, small)


def test_ones_own_indicators_stand_beside_the_programs(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Shelf(home).folder(OWN)
    folder.mkdir(parents=True)
    (folder / "reader.py").write_text(f"{SWING}\nX = open('/etc/passwd')\n", encoding="utf-8")
    (folder / "sma.py").write_text(SWING, encoding="utf-8")
    rows = call(home, capsys, "indicators", "list")["indicators"]
    assert len([row for row in rows if row["file"] is None]) == len(INDICATORS)
    (reader,) = (row for row in rows if row["indicator"] == "reader")
    assert "line 37: name open is not allowed here" in reader["fault"]
    (taken,) = (row for row in rows if row["indicator"] == "sma" and row["file"])
    assert "indicator sma is the program's own; name the file another" in taken["fault"]
    write(home, "local", "mine", SMALL.replace('"atr"', '"atr", "reader"'))
    recipe = read_recipe(home, "mine", quiet=True)
    with pytest.raises(UsageError, match=r"mine\.toml line 3: indicator reader line 37: name open"):
        recipe(Timeframe.M5)
    command = ["indicators", "check", str(folder / "reader.py"), "--home", str(home.path)]
    assert run(build(), command) == UsageError.exit_code
    assert "indicator reader line 37: name open is not allowed" in capsys.readouterr().err
