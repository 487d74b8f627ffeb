"""The daily twin of a home: which day of which run, what it earned, and what its twin did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from assay import __version__
from assay.apps.config import Config
from assay.apps.lab.accounts.books import opened_journal
from assay.apps.lab.runs.setup import Setup
from assay.apps.lab.twins.days import DaySpan, day_of, rollover_of, span_of
from assay.apps.lab.twins.journaldesk import KINDS, LiveTrail, TrailState
from assay.apps.lab.twins.quotes import follow_ticks
from assay.apps.lab.twins.rerun import DayRerun, rerun_day
from assay.apps.paper.keeping import read_plan
from assay.apps.paper.preparing import identify_setup, prepare_plan
from assay.apps.twin import BOUND_PARTS
from assay.books.analytics.twinsplit import CAUSES, TwinSplit
from assay.market.series import TickSeries
from assay.market.sources.parquet import read_parquet
from assay.model.accounts import AccountSpec
from assay.model.calendar import Rollover
from assay.model.errors import UsageError
from assay.model.messages import (
    BarClosed,
    CauseTold,
    Message,
    PlatformStarted,
    Tick,
    TwinAppraised,
)
from assay.model.time import HOUR, format_time
from assay.runtime.home import Home
from assay.runtime.journal.reading import read_journal
from assay.runtime.settings import load_settings

FOLDER = "twin"
_PRICES, _STARTED = ("Tick", "BarClosed"), "PlatformStarted"
_LOOK = 4_096
"""Places of a journal that are looked through for its last price before as many again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinRequest:
    """Say which day of which run, None for the newest, and how far its profit may differ.

    `data` are ticks that were recorded beside the platform; the twin then gets these. Without a
    `bound` the home's own holds.
    """

    home: Home
    run: int | None = None
    day: str | None = None
    data: Sequence[Path] = ()
    bound: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """Hold a day's split with what it is of; `bound` is a share of the equity at its start."""

    run: int
    day: str
    account: AccountSpec
    symbols: Sequence[str]
    strategy: str
    rerun: DayRerun
    split: TwinSplit
    bound: float

    @property
    def share(self) -> float:
        """Return the gap, whatever its sign, as a share of the equity that the day began with."""
        return abs(self.split.gap) / max(self.rerun.equity, 1)

    @property
    def is_above(self) -> bool:
        """Say whether the gap is beyond the bound."""
        return self.share > self.bound

    def message(self, now: int) -> TwinAppraised:
        """Return what the journal is told; whoever takes it gives the id."""
        split = self.split
        causes = tuple(
            CauseTold(cause, split.amounts[cause], split.orders(cause)) for cause in CAUSES
        )
        return TwinAppraised(
            id=0, tenant=self.account.tenant, ts_event=now, ts_init=now, account=self.account.id,
            run=str(self.run), day=self.day, live=split.live, twin=split.twin,
            equity=self.rerun.equity, causes=causes, bound=round(self.bound * BOUND_PARTS),
            paused=self.is_above,
        )  # fmt: skip


def appraise_day(request: TwinRequest) -> Appraisal:
    """Run a day of a home again and say what made its profit differ.

    Raises UsageError where the home has no such run or day, or no longer the settings of it.
    """
    home = request.home
    config = load_settings(Config, home).value
    with opened_journal(home) as connection:
        if connection is None:
            raise UsageError("the journal is empty yet; trade first with `assay up`")
        run, start, end = _find_run(connection, request.run)
        setup, identify = prepare_run(home, config, run)
        rollover = rollover_of(setup.account)
        day = request.day or _last_day(connection, (start, end), rollover)
        span = span_of(day, rollover)
        trail = LiveTrail(setup, config.account.to_spec().commission)
        kept = _read_trail(home, run, identify)
        if kept is not None and kept.end <= span.start:
            trail.resume(kept.state)
            start = kept.position + 1
        journal = RunReader(connection, start)
        rerun = rerun_day(trail, journal, span, _read_heard(request.data, setup, span))
        if rerun.is_over and (kept is None or span.end > kept.end):
            state = KeptTrail(identify, __version__, journal.position - 1, span.end, trail.save())
            _keep_trail(home, run, state)
    bound = config.twin.bound if request.bound is None else request.bound
    return Appraisal(
        run=run, day=day, account=setup.account, symbols=setup.symbols,
        strategy=setup.strategy.name, rerun=rerun, split=rerun.split(), bound=bound,
    )  # fmt: skip


def prepare_run(home: Home, config: Config, run: int) -> tuple[Setup, str]:
    """Return what a run of a home trades, and its digest; UsageError where that is another now."""
    kept = read_plan(home, run)
    setup = prepare_plan(kept.plan, config, home.path)
    # A model may have been promoted since; its forecasts are in the journal.
    if setup.forecaster is None and identify_setup(kept.plan, setup) != kept.setup:
        raise UsageError(
            f"settings, strategy or data are not those of run {run} any more; bring them back"
        )
    if run > 1:
        account = msgspec.structs.replace(setup.account, id=f"{setup.account.id}-{run}")
        setup = replace(setup, account=account)
    return setup, kept.setup


class KeptTrail(msgspec.Struct, frozen=True, array_like=True):
    """Hold a trail between two days of a run: by which setup and program, and up to which place."""

    setup: str
    version: str
    position: int
    end: int
    state: TrailState


def _trail_path(home: Home, run: int) -> Path:
    return home.folder(FOLDER) / f"{run}.trail"


def _keep_trail(home: Home, run: int, kept: KeptTrail) -> None:
    path = _trail_path(home, run)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.msgpack.encode(kept))
    fresh.replace(path)


def _read_trail(home: Home, run: int, setup: str) -> KeptTrail | None:
    """Return the trail that an earlier twin left; None where there is none of this program."""
    try:
        kept = msgspec.msgpack.decode(_trail_path(home, run).read_bytes(), type=KeptTrail)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return kept if (kept.setup, kept.version) == (setup, __version__) else None


class RunReader:
    """Yield of a run, from a place of the journal on, what its re-run needs; tell the place."""

    def __init__(self, connection: psycopg.Connection[Any], start: int) -> None:
        self._connection, self._start = connection, start
        self.position = start - 1

    def __iter__(self) -> Iterator[Message]:
        kinds = (*KINDS, _STARTED)
        for recorded in read_journal(self._connection, self._start - 1, kinds=kinds):
            self.position = recorded.position
            is_start = isinstance(recorded.message, PlatformStarted)
            if is_start and recorded.position > self._start:
                return
            yield recorded.message


def _find_run(connection: psycopg.Connection[Any], wanted: int | None) -> tuple[int, int, int]:
    """Return the number of a run, and the places of its first message and behind its last."""
    starts = {
        int(recorded.message.run): recorded.position
        for recorded in read_journal(connection, kinds=(_STARTED,))
        if isinstance(recorded.message, PlatformStarted)
    }
    if not starts:
        raise UsageError("the journal holds no run yet; trade first with `assay up`")
    run = max(starts) if wanted is None else wanted
    if run not in starts:
        raise UsageError(f"the journal holds no run {run}; it has 1 to {max(starts)}")
    later = [place for place in starts.values() if place > starts[run]]
    row = connection.execute("select max(position) from journal").fetchone()
    return run, starts[run], min(later, default=int(row[0]) + 1 if row else 0)


def _last_day(
    connection: psycopg.Connection[Any], places: tuple[int, int], rollover: Rollover
) -> str:
    """Return the account's day of a run's last price."""
    start, end = places
    reach = _LOOK
    while True:
        after, last = max(end - reach, start - 1), None
        for recorded in read_journal(connection, after, kinds=_PRICES):
            if recorded.position >= end:
                break
            last = recorded.message
        if last is not None:
            # A bar that ends as the day turns is of the day before.
            return day_of(last.ts_event - isinstance(last, BarClosed), rollover)
        if after < start:
            raise UsageError("the run holds no price yet")
        reach *= 8


def _read_heard(
    paths: Sequence[Path], setup: Setup, span: DaySpan
) -> list[Tick | BarClosed] | None:
    """Return recorded ticks as the prices of a day; None where none are named."""
    if not paths:
        return None
    if setup.forecaster is not None:
        raise UsageError("a model's forecasts are of the quotes it had; leave out --data")
    digits = {
        symbol: price.digits for symbol, price in zip(setup.symbols, setup.pricing, strict=True)
    }
    ticks = [tick for path in paths for tick in _read_ticks(path, digits, span)]
    ticks.sort(key=lambda tick: tick.ts_event)
    found = [each for each in follow_ticks(ticks, digits) if span.place(each) == 0]
    if not found:
        raise UsageError("the recorded ticks are of another day, or of other symbols")
    return found


def _read_ticks(path: Path, digits: dict[str, int], span: DaySpan) -> Iterator[Tick]:
    series = read_parquet(path)
    if not isinstance(series, TickSeries):
        raise UsageError(f"{path} holds bars; the twin wants the ticks of the day")
    if digits.get(series.symbol) != series.digits:
        return
    # The bar that is in the making as the day begins is made of the minutes before.
    near = (series.ts >= span.start - HOUR) & (series.ts < span.end)
    rows = zip(series.ts[near], series.bid[near], series.ask[near], strict=True)
    for ts, bid, ask in rows:
        yield Tick(
            id=1, ts_event=int(ts), ts_init=int(ts), symbol=series.symbol, bid=int(bid),
            ask=int(ask),
        )  # fmt: skip


def tell_appraisal(found: Appraisal) -> dict[str, Any]:
    """Return an appraisal as figures: money in whole currency, shares of all that was moved."""
    split, money = found.split, 10.0**found.account.currency_digits
    return {
        "run": found.run, "day": found.day, "account": found.account.id,
        "currency": found.account.currency, "strategy": found.strategy,
        "symbols": list(found.symbols), "is_over": found.rerun.is_over,
        "equity": found.rerun.equity / money, "live": split.live / money,
        "twin": split.twin / money, "gap": split.gap / money, "share": found.share,
        "bound": found.bound, "above": found.is_above, "unexplained": split.unexplained,
        "causes": [
            {"cause": cause, "amount": split.amounts[cause] / money,
             "share": split.moved_by(cause), "orders": split.orders(cause)}
            for cause in CAUSES
        ],
        "items": [
            {"time": format_time(item.time) if item.time else "", "symbol": item.symbol,
             "cause": item.cause, "amount": item.amount / money, "key": str(item.key),
             "quantity": item.quantity, "what": item.what}
            for item in split.items
        ],
    }  # fmt: skip
