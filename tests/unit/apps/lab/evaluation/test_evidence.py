"""Tables of evidence counted by hand, Hansen's test on rules without a difference, and the page."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from assay.apps.lab.evaluation.baselines import Baseline, choose_past
from assay.apps.lab.evaluation.evidence import SPA_STRETCHES_MIN, as_rule, judge_rules
from assay.apps.lab.evaluation.judging import Judged, break_even
from assay.apps.lab.evaluation.tables import judge_chance, measure_judged
from assay.apps.lab.evaluation.wording import word_evidence
from assay.books.reports.charts import NARROW, WIDE
from assay.books.reports.evidence import (
    Evidence,
    draw_evidence,
    tabulate_evidence,
    word_calibration,
)
from assay.kernel.records import FORECAST, INTENT, READY, UNSKILLED
from assay.model.accounts import AccountSpec
from assay.model.errors import DataError
from assay.model.regimes import Regime
from assay.model.time import MINUTE, parse_time
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import ONE
from assay.signals.evidence import Stretches
from assay.signals.labels import LONG, SHORT
from assay.signals.prediction import Taught
from assay.signals.prediction.artifact import Spans
from assay.signals.training import Rows

START = parse_time("2019-01-20T00:00:00Z")
ROWS, HORIZON = 3_000, 5
MONEY = 100.0
TAUGHT = Taught(
    symbols=("EURUSD",), timeframe=10 * MINUTE, features=("x",), features_digest="",
    horizon=HORIZON, stop=1.25, target=1.25, rows=1, calibration_rows=1,
)  # fmt: skip


def judged(seed: int, skill: float) -> Judged:
    """Return rows of 10 minutes; the probabilities are true where `skill` is 1."""
    rng = seeded_generator(seed)
    p = np.rint(rng.uniform(0.35, 0.65, ROWS) * ONE).astype(np.int64)
    up = rng.random(ROWS) < 0.5 + skill * (p / ONE - 0.5)
    forecasts, choice = np.zeros(ROWS, FORECAST), np.zeros(ROWS, INTENT)
    forecasts["p_up"], forecasts["state"] = p, np.where(rng.random(ROWS) < 0.9, READY, UNSKILLED)
    ready = forecasts["state"] == READY
    choice["side"] = np.where(ready, np.where(p >= ONE // 2, 1, -1), 0)
    choice["cost"] = np.where(ready, 300, 0)
    choice["expected"] = np.where(ready, np.abs(p - ONE // 2) // 100 * 20 - 100, 0)
    choice["reason"] = np.where(ready & (choice["expected"] > 0), 0, 2)
    moved = rng.integers(500, 1_500, ROWS)
    return Judged(
        time=START + np.arange(ROWS) * 10 * MINUTE, symbol=np.zeros(ROWS, np.int64),
        forecasts=forecasts, choice=choice,
        acted=np.where(choice["reason"] == 0, choice["side"], 0), votes=p[:, None],
        outcome=np.where(up, LONG, SHORT), up=up,
        long_net=np.where(up, moved, -moved) - 300, short_net=np.where(up, -moved, moved) - 300,
    )  # fmt: skip


def stretches(rows: Judged) -> Stretches:
    return Stretches.of(rows.time // (2 * HORIZON * TAUGHT.timeframe))


def coin(seed: int) -> Baseline:
    sides = 2 * seeded_generator(seed, 9).integers(0, 2, ROWS) - 1
    return Baseline(name="momentum", leans=sides, takes=sides)


FLAT = Baseline(name="flat", leans=np.zeros(ROWS, np.int64), takes=np.zeros(ROWS, np.int64))


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def test_tables_are_what_counting_row_by_row_gives() -> None:
    rows, rule = judged(1, 1.0), coin(1)
    regimes = seeded_generator(2).integers(-1, len(Regime), ROWS)
    players = [as_rule(rows), FLAT, rule]
    found = measure_judged(rows, stretches(rows), players, regimes, MONEY)
    months = rows.time.astype("datetime64[ns]").astype("datetime64[M]").astype(str)
    net = [int(a if side > 0 else b) for a, b, side in
           zip(rows.long_net, rows.short_net, rows.choice["side"], strict=True)]  # fmt: skip
    taken = np.flatnonzero(rows.choice["reason"] == 0)
    assert [row["month"] for row in found["months"]] == ["2019-01", "2019-02"]
    for table, key, names in (("months", "month", months), ("regimes", "regime",
                              [Regime(k).label if k >= 0 else "" for k in regimes])):  # fmt: skip
        for row in found[table]:
            mine = [k for k in taken if names[k] == row[key]]
            assert row["n"] == list(names).count(row[key])
            assert row["taken"] == len(mine)
            assert row["net_mean"] == pytest.approx(mean([net[k] / MONEY for k in mine]))
            assert row["accuracy"] == pytest.approx(mean([float(net[k] > 0) for k in mine]))
    for row, sign in zip(found["sides"], (1, -1), strict=True):
        mine = [k for k in taken if rows.choice["side"][k] == sign]
        assert row["break_even_accuracy"] == break_even(np.array([net[k] for k in mine]))
        assert row["break_even_cost"] == pytest.approx(3.0 + row["net_mean"])
    model, flat, other = found["baselines"]
    there = [float(rows.long_net[k] if rule.leans[k] > 0 else rows.short_net[k]) for k in taken]
    assert (flat["taken"], flat["net_mean"], flat["net_same"]) == (0, None, 0)
    assert flat["lead_mean"] == pytest.approx(model["net_mean"])
    assert other["net_same"] == pytest.approx(mean(there) / MONEY)  # type: ignore[operator]
    assert other["lead_mean"] == pytest.approx(model["net_mean"] - other["net_same"])
    assert other["lead_lower"] < other["lead_mean"] < other["lead_upper"]
    assert other["taken"] == ROWS


def test_deciles_hold_every_bar_that_was_promised_something_and_keep_ties_together() -> None:
    rows = judged(3, 1.0)
    found = measure_judged(rows, stretches(rows), [as_rule(rows)], np.full(ROWS, -1), MONEY)
    deciles, ready = found["deciles"], rows.forecasts["state"] == READY
    assert sum(row["n"] for row in deciles) == ready.sum()
    assert sum(row["taken"] for row in deciles) == rows.taken.sum()
    promises = [row["promised"] for row in deciles]
    assert promises == sorted(promises)
    whole = sum(row["n"] * row["realised_mean"] for row in deciles)
    assert whole == pytest.approx(rows.side_net[ready].sum() / MONEY)
    assert deciles[-1]["realised_lower"] > deciles[0]["realised_upper"]
    assert found["regimes"] == []


def test_a_model_that_said_nothing_has_empty_tables() -> None:
    rows = judged(4, 0.0)
    rows.forecasts["state"], rows.choice["reason"] = UNSKILLED, 1
    found = measure_judged(rows, stretches(rows), [as_rule(rows), FLAT], np.full(ROWS, -1), MONEY)
    assert found["deciles"] == []
    assert [row["net_mean"] for row in found["baselines"]] == [None, None]
    chance = judge_chance(rows, TAUGHT, AccountSpec(id="a"))
    assert (chance["cost_mean"], chance["break_even_cost"]) == (None, None)


def test_brier_and_log_loss_lie_in_their_intervals_and_true_probabilities_in_the_band() -> None:
    rows = judged(5, 1.0)
    found = judge_chance(rows, TAUGHT, AccountSpec(id="a"))
    p = rows.forecasts["p_up"] / ONE
    assert found["brier_lower"] < np.mean((p - rows.up) ** 2) < found["brier_upper"] < 0.25
    assert found["log_loss_lower"] < found["log_loss_upper"] < np.log(2)
    assert found["ece_p"] > 0.05
    assert judge_chance(judged(5, 0.0), TAUGHT, AccountSpec(id="a"))["ece_p"] < 0.01


def test_rules_without_a_difference_are_seldom_told_apart() -> None:
    better = beaten = 0
    for seed in range(25):
        rows, coins = judged(seed, 0.0), [coin(seed + 100 * k) for k in range(3)]
        found = judge_rules(rows, stretches(rows), coins, draws=100)
        better += found["beats_all"] < 0.05
        beaten += found["beaten"] < 0.05
        assert found["beats_all"] == max(found["beats"].values())
    assert better <= 3
    assert beaten <= 4


def test_a_model_with_skill_beats_coins_and_coins_do_not_beat_it() -> None:
    rows = judged(6, 2.0)
    found = judge_rules(rows, stretches(rows), [as_rule(rows), FLAT, coin(6)])
    assert found["beats_all"] < 0.01
    assert found["beaten"] == 1.0
    few = Stretches(np.zeros(ROWS, np.int64), SPA_STRETCHES_MIN - 1)
    assert judge_rules(rows, few, [as_rule(rows), FLAT])["beats_all"] is None


def labelled(count: int, symbol: int) -> Rows:
    """Return rows of a minute each that are known ten minutes later."""
    time = START + np.arange(count) * MINUTE
    columns = {each.name: np.zeros(count, np.int64) for each in fields(Rows)}
    told = {"time": time, "end": time + 10 * MINUTE, "symbol": np.full(count, symbol)}
    return Rows(**{**columns, **told, "features": np.zeros((count, 1), np.float32)})


def test_a_line_learns_from_no_label_beyond_the_model_s_own_spans() -> None:
    spans = Spans(
        fit_from=START + 100 * MINUTE, fit_until=START + 900 * MINUTE,
        calibrate_from=START + 950 * MINUTE, calibrate_until=START + 1_500 * MINUTE,
        ready_from=START + 1_510 * MINUTE,
    )  # fmt: skip
    fit, held = choose_past([labelled(3_000, 0), labelled(3_000, 1)], spans)
    for rows, first, last in ((fit, spans.fit_from, spans.fit_until),
                              (held, spans.calibrate_from, spans.calibrate_until)):  # fmt: skip
        assert (rows.time.min(), rows.end.max()) == (first, last)
        assert len(rows) == 2 * ((last - first) // MINUTE - 9)
    with pytest.raises(DataError, match="give files that hold them too"):
        choose_past([labelled(1_000, 0)], spans)


@pytest.fixture(scope="module")
def gathered() -> Evidence:
    rows = judged(7, 1.5)
    players = [as_rule(rows), FLAT, coin(7)]
    tables = measure_judged(rows, stretches(rows), players, np.full(ROWS, -1), MONEY)
    features = [{"feature": f"x_{k}", "rise": 0.01 / (k + 1), "error": 0.002, "shap": 0.1 * k}
                for k in range(3)]  # fmt: skip
    return Evidence(currency="USD", found={
        **tables, "superiority": judge_rules(rows, stretches(rows), players), "regimes_over": 12,
        "absent": ["no line"], "importance": {
            "rows": 300, "stretches": 10, "shap": "log odds", "features": features, "why": ""},
    })  # fmt: skip


def test_tables_and_charts_are_there_for_what_there_is(gathered: Evidence) -> None:
    tables = tabulate_evidence(gathered)
    assert set(tables) == {"baselines", "same", "sides", "months"}
    assert tables["baselines"].rows[0][0] == "the model"
    assert tables["sides"].rows[0][-1][0] in "−0123456789"
    for found in tables.values():
        assert {len(row) for row in found.rows} == {len(found.heads)}
    drawn = draw_evidence(gathered)
    assert set(drawn) == {"rules", "promises", "importance", "shapley"}
    for draw, size in zip(drawn.values(), (WIDE, NARROW, NARROW, WIDE), strict=True):
        assert draw(size).startswith("<svg")


def test_the_terminal_shows_the_tables_and_what_is_absent(gathered: Evidence) -> None:
    lines = word_evidence(dict(gathered.found))
    assert any(line.split()[:1] == ["momentum"] for line in lines)
    assert not any("regime of" in line for line in lines)
    assert lines[-1] == "no line"
    assert any(line.startswith("better than every simple rule") for line in lines)


def test_the_calibration_error_is_told_beside_what_chance_makes() -> None:
    figures = {"ece": 0.05, "ece_band_lower": 0.01, "ece_band_upper": 0.03, "ece_p": 0.001}
    assert "so it is more than chance" in word_calibration(figures)
    assert "no more than chance makes" in word_calibration({**figures, "ece": 0.02})
    assert word_calibration({"ece": 0.02}) == ""
