"""Each breach of a tenant's indicator is named, and a process that takes too much is ended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.model.errors import DataError
from assay.signals.plugins import Limits, check_source, digest_source
from assay.signals.plugins.trial import Request, try_indicator
from tests.contract.test_own_indicator import PEEKING, SWING, changed


def verdict(source: str, **given: float) -> str:
    """Return what is wrong with a source, tried in this process."""
    return try_indicator(
        Request(name="swing", source=source, given=given, memory=0, seconds=0, bar_most=1e9)
    ).fault


def test_one_that_keeps_to_the_form_passes() -> None:
    assert verdict(SWING, period=7) == ""


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        ('warm_up=lambda values: int(values["period"])', "warm_up=lambda values: 25",
         "warm-up: swing_20 has a value at bar 20 and says 25"),
        ('warm_up=lambda values: int(values["period"])', "warm_up=lambda values: 2",
         "warm-up: swing_20 has no finite value at bar 2"),
        ('settling=lambda values: int(values["period"])', "settling=lambda values: 3",
         "settling: swing_20 settles at 3, warm at 20"),
        ("    out[0] = np.tanh", "    state[0] += 0.0\n    out[0] = state[0] + np.tanh",
         "settling: swing_20 says that after 20 bars its start no longer shows"),
        (" if reach > 0 else 0.0", "", "finite: swing_20 is \\[nan\\] at bar"),
        ("    period = int(params[0])\n",
         "    period = int(params[0])\n    state[0] += 0.0 * bar[5]\n",
         "absence: swing_20 has no value once volume is back"),
        ("np.tanh((bar[CLOSE] - mean) / reach)", 'float(str("1"))', "compile: swing: "),
        ('settling=lambda values: int(values["period"])', 'settling=lambda values: "20"',
         "declaration: `settling` of swing_20 is '20'; return a whole number"),
    ],
    ids=["early", "late", "unsettled", "remembering", "nan", "poisoned", "objects", "word"],
)  # fmt: skip
def test_each_breach_is_named(was: str, now: str, fault: str) -> None:
    found = verdict(changed(was, now))
    assert re.match(fault, found), found


def test_one_that_takes_too_long_a_bar_is_named() -> None:
    asked = Request(name="swing", source=SWING, given={}, memory=0, seconds=0, bar_most=0.001)
    assert re.match("time: swing_20 takes .* us a bar at the 99th", try_indicator(asked).fault)


def test_one_that_remembers_outside_its_state_is_named(tmp_path: Path) -> None:
    hiding = changed(
        "    period = int(params[0])\n", "    period = int(params[0])\n    bar[0] = 1\n"
    )
    with pytest.raises(DataError, match="bounds: swing_20: assignment destination is read-only"):
        check_source("swing", hiding, {}, tmp_path)


def test_one_that_reads_the_next_bar_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="bounds: swing_20: index 17 is out of bounds"):
        check_source("swing", PEEKING, {}, tmp_path)


def test_one_that_never_ends_is_ended(tmp_path: Path) -> None:
    endless = changed("    if math.isnan(mean):", "    for _ in range(10**12):\n        mean += 0\n"
                      "    if math.isnan(mean):")  # fmt: skip
    with pytest.raises(DataError, match="indicator swing: time limit: its check takes more than"):
        check_source("swing", endless, {}, tmp_path, limits=Limits(seconds=1))


def test_one_that_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    greedy = changed('    name="swing"', '    name="swing" + ("x" * 10**11)[:0]')
    with pytest.raises(DataError, match="indicator memory: swing takes more than 2 GB"):
        check_source("swing", greedy, {}, tmp_path, limits=Limits(memory=2 * 2**30))


def test_what_passed_is_not_checked_again(tmp_path: Path) -> None:
    told: list[str] = []
    first = check_source("swing", SWING, {"period": 9}, tmp_path, tell=told.append)
    (kept,) = tmp_path.iterdir()
    again = check_source("swing", SWING, {"period": 9}, tmp_path, tell=told.append)
    assert again == first
    assert told == ["checking and compiling indicator swing, once for each version of it"]
    assert (first.source_sha256, first.given) == (digest_source(SWING), {"period": 9})
    kept.write_text("torn")
    with pytest.raises(DataError, match="time limit"):
        check_source("swing", SWING, {"period": 9}, tmp_path, limits=Limits(seconds=0))
