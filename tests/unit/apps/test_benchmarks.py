"""`assay bench` finds its benches and lays their figures out."""

from pathlib import Path

import numpy as np
import pytest

from assay.apps.cli.benchmarks import GROUPS, build_table, choose_benches, find_benches
from assay.model.errors import OperatorError, UsageError
from benches.harness import Bench, Round, _judge
from benches.workload.references import run_compiled, run_plain
from benches.workload.walk import generate_walk


def test_every_bench_file_is_found() -> None:
    assert {"sweep", "replay", "journal", "ingest", "message_hop"} <= set(find_benches())


def test_an_unknown_bench_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match="sweep"):
        choose_benches(["nonsense"])


def test_outside_a_checkout_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="source checkout"):
        find_benches(tmp_path)


def test_the_table_tells_a_missed_floor() -> None:
    figures = {
        "name": "sweep", "figure": "rate", "items": "bars", "ratio": 0.5, "floor": 20e6,
        "floor_met": False, "subject": {"rate": 1.5e7, "rate_spread": 0.1},
        "reference": {"what": "a loop"},
    }  # fmt: skip
    table = build_table({"commit": "abc", "benches": [figures]})
    cells = [list(column.cells) for column in table.columns]  # type: ignore[attr-defined]
    assert cells == [["sweep"], ["15.00M bars/s"], [""], ["10%"], ["0.5 x a loop"], ["20.00M !"]]


@pytest.mark.parametrize(
    ("floor", "met", "shown"), [(None, True, "10 x met"), (4e3, False, "4000.00 and 10 x !")]
)
def test_the_table_tells_how_many_times_better_it_must_be(
    floor: float | None, met: bool, shown: str
) -> None:
    figures = {
        "name": "six", "figure": "rate", "items": "bars", "ratio": 12.0, "floor": floor,
        "ratio_floor": 10.0, "floor_met": met, "subject": {"rate": 9.0, "rate_spread": 0.1},
        "reference": {"what": "libraries"},
    }  # fmt: skip
    table = build_table({"commit": "abc", "benches": [figures]})
    assert list(table.columns[-1].cells) == [shown]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("times_floor", "met"), [(None, True), (2.5, False), (1.5, True)])
def test_a_floor_of_the_ratio_counts_beside_that_of_the_value(
    times_floor: float | None, met: bool
) -> None:
    bench = Bench(
        what="", items="rows", figure="rate", reference_what="", subject=lambda: Round(1, 1.0),
        reference=lambda: Round(1, 1.0), floor=5.0, ratio_floor=times_floor,
    )  # fmt: skip
    found = _judge(bench, {"rate": 10.0}, {"rate": 5.0})
    assert (found["ratio"], found["floor_met"]) == (2.0, met)
    assert not _judge(bench, {"rate": 4.0}, {"rate": 1.0})["floor_met"]


def test_the_two_reference_loops_agree() -> None:
    walk = generate_walk(3_000)
    equity = np.empty(3_000, np.int64)
    fills = run_compiled(walk.open, walk.close, equity)
    plain, plain_fills = run_plain(walk)
    assert fills == plain_fills > 20
    assert equity.tolist() == plain


def test_a_bench_of_many_minutes_runs_only_if_named() -> None:
    assert "model_to_commit_steady" in find_benches()
    assert "model_to_commit_steady" not in choose_benches([])
    assert choose_benches(["model_to_commit_steady"]) == ["model_to_commit_steady"]


def test_a_group_stands_for_its_benches() -> None:
    for group, names in GROUPS.items():
        assert choose_benches([group, "audit"]) == [*names, "audit"]
        assert set(names) <= set(find_benches())
        assert group not in find_benches()
