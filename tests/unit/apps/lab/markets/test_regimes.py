"""`assay regimes`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.feeds.simulation import write_simulation
from assay.market.simulation import Scenario
from assay.model.regimes import Regime
from assay.model.time import Timeframe, parse_time
from assay.signals.regimes import place_of, read_classifier

NAMES = [regime.name.lower() for regime in Regime]
FIT_UNTIL = "2012-01-01"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of simulated hours."""
    folder = tmp_path_factory.mktemp("switching")
    scenario = Scenario(
        seed=7, bars=16_000, kind="switching", strength=0.8, timeframe=Timeframe.H1,
        symbols=("EURUSD",),
    )  # fmt: skip
    found = write_simulation(scenario, folder)
    truth = pq.read_table(found["truth"])
    assert set(truth["regime"].to_pylist()) <= set(NAMES)
    return Path(found["files"][0])


def test_regimes_are_judged_and_drawn(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--data", str(data), "--fit-until", FIT_UNTIL, "--ahead", "24",
             "--report", str(tmp_path / "seen"), "--save", "eurusd",
             "--home", str(tmp_path / "home")]  # fmt: skip
    assert run(build(), ["regimes", *given]) == 0
    shown = capsys.readouterr().out
    assert "the last confirmed" in shown
    assert "weak bear" in shown
    place = place_of(tmp_path / "home", "eurusd")
    assert f"savedas{place}" in "".join(shown.split())
    kept = read_classifier(place)
    assert (kept.symbol, kept.timeframe, kept.fitted_until) == (
        "EURUSD", int(Timeframe.H1), parse_time(FIT_UNTIL),
    )  # fmt: skip
    found = json.loads((tmp_path / "seen" / "regimes.json").read_text())
    assert kept.classifier.digest.startswith(found["classifier"])
    assert found["fit"]["until"] < FIT_UNTIL < found["judged"]["from"]
    assert list(found["shares"]) == NAMES
    for shares in ("shares", "cell_shares", "came_shares"):
        assert sum(found[shares].values()) == pytest.approx(1.0, abs=1e-3)
    changes = sum(sum(after.values()) for after in found["transitions"].values())
    assert changes == found["switches"]
    for name in ("confusion", "cell_confusion"):
        assert sum(map(sum, found[name]["bars"])) == found["labelled"]
    assert found["labelled"] == found["judged"]["bars"] - 24
    assert found["trials_before"] == 0
    for name in ("regimes.svg", "regimes-narrow.svg"):
        text = (tmp_path / "seen" / name).read_text()
        assert "Volatile crisis" in text
        assert "EURUSD" in text


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        (["--fit-until", FIT_UNTIL, "--from", "2011-01-01"], 2, "judge nothing"),
        (["--fit-until", "2009-01-01"], 3, "no bar before"),
        (["--fit-until", "2010-02-01"], 3, "too few"),
        (["--fit-until", FIT_UNTIL, "--ahead", "5"], 2, "outside 12..240"),
        (["--fit-until", FIT_UNTIL, "--save", "../x"], 2, "is unfit"),
    ],
)
def test_what_makes_no_sense_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str],
    code: int, says: str,
) -> None:  # fmt: skip
    arguments = ["regimes", "--data", str(data), *given, "--home", str(tmp_path / "home")]
    assert run(build(), arguments) == code
    assert says in capsys.readouterr().err
