"""The backtest report is readable, self-contained, escaped, and agrees with its numbers."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from assay.books.reports import BacktestResult, render_backtest, write_backtest
from assay.books.reports.result import FILL_COLUMNS
from assay.model.errors import UsageError
from assay.model.time import DAY, HOUR, parse_time

START = parse_time("2019-01-01T00:00:00Z")


def build_fills(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(FILL_COLUMNS)
    return pa.table({n: list(c) for n, c in zip(FILL_COLUMNS, columns, strict=True)})


def build_result(**changes: Any) -> BacktestResult:
    """Ten daily points in dollars; one long trade of net +97 and a short one still open."""
    rows = [
        (START + DAY, "EURUSD", "buy", 10_000, 1.1, 100, 0, 0, 1, "modelled", "target", 50, 0),
        (START + 3 * DAY, "EURUSD", "sell", 20_000, 1.11, 200, -50, 10_000, 2, "modelled",
         "stop", 100, 25),
    ]  # fmt: skip
    equity = np.array([0, -100, 4_000, 9_650, 9_650, 2_000, 3_000, 4_000, 5_000, 6_000]) + 10**7
    fields: dict[str, Any] = {
        "symbols": ["EURUSD"], "strategy": "sma-cross", "params": {"fast": 20, "slow": 50},
        "currency": "USD", "currency_digits": 2, "cash": 10**7,
        "times": START + np.arange(10) * DAY, "balance": equity, "equity": equity,
        "margin": np.full(10, 11_000), "fills": build_fills(rows),
        "totals": {"bars": 10, "orders": 2, "seconds": 0.25}, "digest": "c0ffee",
        "extra": {"data": ["EURUSD_D1.parquet"], "Driver": "sweep"},
    }  # fmt: skip
    return BacktestResult(**{**fields, **changes})


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [
            v or "" for k, v in attrs if k in ("href", "src", "xlink:href", "action", "data")
        ]

    def text_of(self, html: str) -> str:
        body = re.sub(r"<(style|svg).*?</\1>", " ", html, flags=re.S)
        return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def _read(html: str) -> tuple[_Outline, str]:
    outline = _Outline()
    outline.feed(html)
    return outline, outline.text_of(html)


def test_headline_costs_and_trades_say_what_the_numbers_say() -> None:
    _, text = _read(render_backtest(build_result()))
    for expected in (
        "sma-cross on EURUSD",
        "+60.00 USD (+0.06 %) on 100,000.00 USD, 2019-01-01 to 2019-01-10.",
        "Parameters fast = 20, slow = 50",
        "Data EURUSD_D1.parquet Driver sweep Digest c0ffee",
        "Fills are modelled: bars do not tell",
        "Closed trades 1",
        "Trades won 100.00 %",
        "Result at mid prices, before costs +65.25",
        "Spread −1.50 Slippage −0.25 Commission −3.00 Swap −0.50 Net profit +60.00",
        "2019-01-02 00:00:00 2019-01-04 00:00:00 EURUSD long 10,000 1.1 1.11 2.50 +97.50 stop",
        "Time in the market 88.89 %",
        "Deepest drawdown 0.08 %",
        "1 closed trade.",
    ):
        assert expected in text, expected


def test_nothing_is_fetched_and_nothing_runs() -> None:
    outline, _ = _read(render_backtest(build_result()))
    assert not {"script", "link", "iframe", "img", "object"} & set(outline.tags)
    assert all(link == "fills.parquet" or link.startswith("#") for link in outline.links)
    assert "@import" not in render_backtest(build_result())


def test_names_from_outside_are_escaped() -> None:
    evil = "<script>alert(1)</script>"
    html = render_backtest(
        build_result(strategy=evil, symbols=[evil], params={evil: evil}, extra={evil: evil})
    )
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_charts_are_drawn_for_wide_and_narrow_screens() -> None:
    html = render_backtest(build_result())
    assert html.count("<svg") == 2
    assert html.count('role="img"') == 1


def test_equal_results_give_equal_bytes() -> None:
    assert render_backtest(build_result()) == render_backtest(build_result())


def test_a_run_without_bars_or_fills_still_has_a_report() -> None:
    none = np.zeros(0, dtype=np.int64)
    html = render_backtest(
        build_result(times=none, balance=none, equity=none, margin=none, fills=build_fills([]))
    )
    _, text = _read(html)
    assert "There was no fill in this run." in text
    assert "0 closed trades." in text
    assert "<svg" not in html


def test_exact_fills_are_not_called_modelled() -> None:
    fills = build_result().fills
    kinds = pa.array(["exact"] * len(fills))
    exact = fills.set_column(fills.column_names.index("kind"), "kind", kinds)
    assert "modelled" not in render_backtest(build_result(fills=exact))
    mixed = fills.set_column(
        fills.column_names.index("kind"), "kind", pa.array(["exact", "modelled"])
    )
    assert "Fills are modelled (1 of 2)" in render_backtest(build_result(fills=mixed))


def test_whole_currency_columns_and_timestamps_read_alike() -> None:
    result = build_result()
    fills = result.fills
    for name in ("commission", "swap", "profit", "spread_cost", "slippage_cost"):
        values = [value / 100 for value in fills[name].to_pylist()]
        fills = fills.set_column(fills.column_names.index(name), name, pa.array(values))
    fills = fills.set_column(0, "time", fills["time"].cast(pa.timestamp("ns", tz="UTC")))
    assert build_result(fills=fills).read_fills() == result.read_fills()


def test_only_the_first_500_trades_are_listed_with_the_total() -> None:
    rows = [
        (START + i * HOUR, "EURUSD", "sell" if i % 2 else "buy", 1_000, 1.1, 1, 0,
         (i % 3 - 1) * 7, i, "exact", "", 1, 0)
        for i in range(1_400)
    ]  # fmt: skip
    outline, text = _read(render_backtest(build_result(fills=build_fills(rows))))
    assert "The first 500 of 700 closed trades." in text
    assert outline.tags.count("tr") < 540


def test_a_million_points_keep_their_extremes_in_a_small_file() -> None:
    count = 1_000_000
    equity = 10**7 + (np.arange(count) % 1_000) * 100
    equity[333_333] = 5 * 10**6
    html = render_backtest(
        build_result(
            times=START + np.arange(count) * 60 * 10**9, equity=equity, balance=equity,
            margin=np.zeros(count, dtype=np.int64),
        )
    )  # fmt: skip
    assert len(html) < 1_000_000
    assert "Deepest drawdown 50.49 %" in _read(html)[1]


@pytest.mark.parametrize(
    "change",
    [{"fills": pa.table({"time": [1]})}, {"margin": np.zeros(3, dtype=np.int64)}],
)
def test_columns_and_lengths_must_fit(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        build_result(**change)


def test_it_is_written_as_utf8(tmp_path: Path) -> None:
    write_backtest(build_result(), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes().startswith(b"<!DOCTYPE html>")
