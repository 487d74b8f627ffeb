"""What the trader publishes, in the analytics store: each message once, through kills and gaps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.apps.analytics.batches import BARS, PREDICTIONS, PROGRESS, TICKS, Batches
from assay.apps.analytics.lag import read_lag
from assay.apps.analytics.process import Recorder
from assay.apps.paper.view.sheet import await_sheet
from assay.model.errors import RetryError
from assay.model.messages import (
    BarClosed,
    CorrelationBroke,
    CorrelationReturned,
    CorrelationsMeasured,
    DriftFound,
    EquityMarked,
    Message,
    Predicted,
    RegimeChanged,
    Tick,
)
from assay.model.time import MINUTE
from assay.runtime.home import Home, open_home
from assay.runtime.logs import open_log
from assay.runtime.ring import NullRing
from assay.runtime.stores.clickhouse import Analytics, open_analytics, stop_owner
from assay.runtime.stores.postgres import remove_postgres
from tests.databases import Databases
from tests.integration.serving import LONG_S, trading

pytestmark = pytest.mark.running


@pytest.fixture
def home(tmp_path: Path, databases: Databases) -> Iterator[Home]:
    opened = open_home(tmp_path / "home")
    databases.lay(opened.path)
    yield opened
    stop_owner(opened, seconds=LONG_S)
    remove_postgres(opened.path)


@pytest.fixture
def store(home: Home) -> Iterator[Analytics]:
    with open_analytics(home, idle_s=1.0) as opened:
        yield opened


def messages(count: int) -> list[Message]:
    """Return a market of ticks, bars, predictions, and messages that are none of these."""
    found: list[Message] = []
    for number in range(1, count + 1):
        moment = {"id": number, "ts_event": number, "ts_init": number}
        if number % 7 == 0:
            names = [
                name
                for name in Predicted.__struct_fields__
                if name not in (*Message.__struct_fields__, "votes", "layers")
            ]
            numbers = dict.fromkeys(names, number)
            words = {"symbol": "X", "model": "m1", "state": "ready"}
            found.append(Predicted(**moment, **{**numbers, **words}))
        elif number % 5 == 0:
            found.append(EquityMarked(**moment, account="a", balance=1, equity=1, margin=0))
        elif number % 3 == 0:
            found.append(
                BarClosed(
                    **moment, symbol="X", timeframe=MINUTE, ts_open=number, open=1, high=2, low=1,
                    close=2, spread_open=1, spread_high=1, spread_low=1, spread_close=1,
                )
            )  # fmt: skip
        else:
            found.append(Tick(**moment, symbol="X", bid=number, ask=number + 1, bid_size=0.5))
    return found


def places(store: Analytics, table: str) -> list[int]:
    sql = {
        TICKS: "SELECT position FROM live_ticks ORDER BY position",
        BARS: "SELECT position FROM live_bars ORDER BY position",
        PREDICTIONS: "SELECT position FROM live_predictions ORDER BY position",
        PROGRESS: "SELECT max(position) AS position FROM live_progress",
    }[table]
    return [row["position"] for row in store.query(sql).to_pylist()]


class BreakingStore:
    """Write to a store until a table's turn, then end as a killed process does."""

    def __init__(self, store: Analytics, table: str) -> None:
        self._store, self._table = store, table

    def insert(self, table: str, rows: object) -> None:
        if table == self._table:
            raise RetryError("the store is away; try again")
        self._store.insert(table, rows)


@pytest.mark.parametrize("table", [TICKS, BARS, PREDICTIONS, PROGRESS])
def test_a_kill_between_two_tables_doubles_nothing(store: Analytics, table: str) -> None:
    market = messages(40)
    first = Batches({"X": 5})
    assert first.start(store) == 0
    for place, message in enumerate(market[:20], 1):
        first.take(place, message)
    broken = BreakingStore(store, table)
    with pytest.raises(RetryError):
        first.write(lambda: broken)  # type: ignore[arg-type, return-value]

    again = Batches({"X": 5})
    start = again.start(store)
    assert start == 0
    for place, message in enumerate(market, 1):
        again.take(place, message)
    again.write(lambda: store)
    again.write(lambda: store)
    wanted = {kind: [n for n, each in enumerate(market, 1) if isinstance(each, kind)]
              for kind in (Tick, BarClosed, Predicted)}  # fmt: skip
    assert places(store, TICKS) == wanted[Tick]
    assert places(store, BARS) == wanted[BarClosed]
    assert places(store, PREDICTIONS) == wanted[Predicted]
    assert places(store, PROGRESS) == [40]
    row = store.query("SELECT * FROM live_ticks ORDER BY position LIMIT 1").to_pylist()[0]
    assert (row["digits"], row["bid_size"], row["ask_size"]) == (5, 0.5, None)


def test_what_was_found_beside_the_trading_is_kept_as_it_was_told(store: Analytics) -> None:
    now = {"id": 1, "ts_event": 5, "ts_init": 5}
    pair = {"pair": ("A", "B"), "timeframe": MINUTE, "correlation": -1_200, "usual": 6_000}
    told: list[Message] = [
        RegimeChanged(**now, symbol="A", timeframe=MINUTE, classifier="a1", before="",
                      regime="quiet", confidence=7_100),
        CorrelationsMeasured(**now, symbols=("A", "B", "C"), timeframe=MINUTE, returns=500,
                             correlations=(-1_200, None, 300)),
        CorrelationBroke(**now, **pair, low=4_000, high=7_500),
        CorrelationReturned(**now, **pair, since=3, outcome="settled", furthest=-3_000),
        DriftFound(**now, model="m1", detector="adwin", stream="loss", statistic=1_100,
                   labels=640, alarmed=1),
    ]  # fmt: skip
    batches = Batches({"A": 5})
    batches.start(store)
    for place, message in enumerate(told, 1):
        batches.take(place, message)
    batches.write(lambda: store)
    queries = (
        "SELECT * FROM live_regimes", "SELECT * FROM live_correlations",
        "SELECT * FROM live_correlation_breaks", "SELECT * FROM live_correlation_returns",
        "SELECT * FROM live_drift",
    )  # fmt: skip
    for place, (message, sql) in enumerate(zip(told, queries, strict=True), 1):
        (row,) = store.query(sql).to_pylist()
        assert (row.pop("position"), row.pop("ts")) == (place, 5)
        assert len(row) > 3
        for name, value in row.items():
            wanted = getattr(message, name)
            assert value == (list(wanted) if isinstance(wanted, tuple) else wanted), name


def test_the_recorder_ends_up_with_all_that_was_journalled(home: Home) -> None:
    with trading(home) as trader:
        sheet = await_sheet(home, lambda: False)
        assert sheet is not None
        trader.go_on(50)
        log = open_log(home, "store")
        recorder = Recorder(home, sheet, trader.server, log)
        recorder.step()
        trader.go_on(50)
        ring, trader.trader.ring = trader.trader.ring, NullRing()
        trader.go_on(30)
        trader.trader.ring = ring
        trader.go_on(2_000, batch=500)
        recorder.step()
        recorder.finish()
        late = Recorder(home, sheet, trader.server, log)
        trader.go_on(10)
        late.finish()
        last = trader.journal.last_position()
    with open_analytics(home, idle_s=1.0) as store:
        assert len(places(store, BARS)) == len(set(places(store, BARS))) == 2_140
        assert places(store, PROGRESS) == [last]
    lag = read_lag(home)
    assert lag is not None
    assert (lag["position"], lag["behind"], lag["error"]) == (last, 0, "")
