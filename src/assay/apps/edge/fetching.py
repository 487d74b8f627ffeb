"""A terminal's bars and quotes of the past, asked for once and kept, as its own export writes them.

Times in the file are the broker's wall clock, as in the terminal's export: `assay import mt5`
reads it with the zone that is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from assay.apps.edge.confirming import find_usual, read_clock
from assay.apps.edge.setup import parse_clock
from assay.apps.edge.terminals import PROVIDED, open_terminal
from assay.apps.link.log import make_private
from assay.model.errors import OperatorError, UsageError
from assay.model.time import SECOND, Timeframe
from assay.runtime.clock import Deadline
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.servertime import DAY_S, ServerClock
from assay.trading.brokers.mt5.symbols import link_of
from assay.trading.exam.clocks import zone_of

TICKS = "TICKS"
SETTLED_S = DAY_S
"""What ended so long before the newest quote is kept: a server may mend what is fresher."""
REACH_S = 4 * DAY_S
"""A month whose first bar comes later than this may have more that the terminal loads yet."""
LOAD_S, ASK_EVERY_S = 15.0, 0.2


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Hold what is to be fetched: the terminal, the broker's name, the bars, and when (ns UTC)."""

    terminal: str
    symbol: str
    name: str
    frame: str
    start: int
    end: int
    server_clock: str | None
    cache: Path
    load_s: float = LOAD_S


@dataclass(frozen=True)
class Span:
    """Hold a month, or a day, of the server's wall clock in seconds, and what it is called."""

    text: str
    start: int
    end: int


def fetch_history(wanted: Wanted, out: Path) -> dict[str, Any]:
    """Write what a terminal has of a symbol to a file and return what that is; raise UsageError.

    Whole months (of quotes, days) that are over are kept in the cache, and not asked for again.
    """
    frame = wanted.frame.upper()
    if wanted.terminal.startswith(PROVIDED):
        raise UsageError(f"{wanted.terminal} tells no past; use mt5 or sim:ADDRESS")
    if frame != TICKS:
        Timeframe.parse(frame)
    terminal = open_terminal(wanted.terminal)
    try:
        if not terminal.symbol_select(wanted.name, True):
            raise UsageError(f"the terminal has no symbol {wanted.name!r}; name the broker's own")
        newest = terminal.symbol_info_tick(wanted.name)
        if newest is None or not newest.time:
            raise UsageError(f"the terminal has no quote of {wanted.name} yet; try again")
        clock = _find_clock(terminal, wanted)
        past = _Past(terminal, wanted, frame, int(newest.time))
        limits = [clock.to_server_s(each // SECOND) for each in (wanted.start, wanted.end)]
        rows = past.read(limits[0], min(limits[1], past.newest + 1))
        digits = int(terminal.symbol_info(wanted.name).digits)
    finally:
        terminal.shutdown()
    if not len(rows):
        raise UsageError(f"the terminal has no {frame} of {wanted.name} in that span")
    _write(out, rows, frame, digits)
    return {
        "file": str(out), "rows": len(rows), "asked": past.asked, "kept": past.kept,
        "short": past.short, "zone": zone_of(clock),
        "import": f"assay import mt5 {out} --symbol {wanted.symbol} --tz {zone_of(clock)}"
        + ("" if frame == TICKS else f" --timeframe {frame}"),
    }  # fmt: skip


class _Past:
    """Read spans from the cache, else from the terminal, which may load them only when asked."""

    def __init__(self, terminal: Any, wanted: Wanted, frame: str, newest: int) -> None:
        self._terminal, self._wanted, self._frame, self.newest = terminal, wanted, frame, newest
        self._is_ticks = frame == TICKS
        info = terminal.account_info()
        server = info.server if info is not None else "none"
        self._folder = wanted.cache / _plain(server) / _plain(wanted.name) / frame
        self._load_s, self._start = wanted.load_s, 0
        self.asked = self.kept = 0
        self.short: list[str] = []

    def read(self, start: int, end: int) -> Any:
        """Return the rows from `start` until before `end`, seconds of the server's wall clock."""
        self._start = start
        wanted = list(spans(start, end, days=self._is_ticks))
        # The newest first: behind what a terminal does not come to have nothing is waited for.
        parts = [self._read_span(span) for span in reversed(wanted)]
        rows = np.concatenate([np.zeros(0, dtype=self._columns()), *reversed(parts)])
        return rows[(rows["time"] >= start) & (rows["time"] < end)]

    def _columns(self) -> Any:
        return api.TICKS_COLUMNS if self._is_ticks else api.RATES_COLUMNS

    def _read_span(self, span: Span) -> Any:
        file = self._folder / f"{span.text}.npy"
        try:
            rows = np.load(file)
            if rows.dtype == np.dtype(self._columns()):
                self.kept += 1
                return rows
        except (OSError, ValueError, EOFError):
            pass  # never kept, or by a program that died at it
        rows, is_there = self._ask(span)
        is_over = span.end <= self.newest - SETTLED_S
        if is_over and is_there and self._reaches(rows, span.start):
            self._keep(file, rows)
        elif is_over and not is_there:
            self.short.append(span.text)
            self._load_s = 0.0
        return rows

    def _ask(self, span: Span) -> tuple[Any, bool]:
        """Return a span's rows and whether all asked for came: two answers alike, from there on."""
        self.asked += 1
        deadline, before = Deadline(self._load_s), -1
        while True:
            rows = self._answer(span)
            is_there = len(rows) == before and self._reaches(rows, max(span.start, self._start))
            # A day without quotes is a day of rest.
            is_there |= self._is_ticks and len(rows) == before == 0
            if is_there or deadline.has_passed():
                return rows, is_there
            before = len(rows)
            deadline.pause(ASK_EVERY_S)

    def _reaches(self, rows: Any, start: int) -> bool:
        return bool(len(rows)) and (self._is_ticks or int(rows["time"][0]) <= start + REACH_S)

    def _answer(self, span: Span) -> Any:
        name = self._wanted.name
        if self._is_ticks:
            found = self._terminal.copy_ticks_range(name, span.start, span.end, api.COPY_TICKS_INFO)
        else:
            frame = api.CONSTANTS[f"TIMEFRAME_{self._frame}"]
            found = self._terminal.copy_rates_range(name, frame, span.start, span.end - 1)
        if found is None:
            return np.zeros(0, dtype=self._columns())
        rows = np.asarray(found)
        if self._is_ticks:
            return rows[(rows["time"] < span.end) & (rows["bid"] > 0) & (rows["ask"] > 0)]
        # The newest bar is in the making.
        length = int(Timeframe.parse(self._frame)) // SECOND
        return rows[rows["time"] + length <= self.newest]

    def _keep(self, file: Path, rows: Any) -> None:
        try:
            make_private(file.parent)
            draft = file.with_suffix(".draft")
            with draft.open("wb") as out:
                np.save(out, rows)
            draft.replace(file)
        except OSError as error:
            raise OperatorError(f"{file.parent} takes no file: {error.strerror}") from None


def spans(start: int, end: int, *, days: bool) -> Iterator[Span]:
    """Yield the months, or days, that have seconds from `start` until before `end`.

    >>> [span.text for span in spans(0, 32 * 86_400, days=False)]
    ['1970-01', '1970-02']
    """
    moment = datetime.fromtimestamp(start, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if not days:
        moment = moment.replace(day=1)
    while moment.timestamp() < end:
        if days:
            following = moment + timedelta(days=1)
        else:
            following = (moment + timedelta(days=32)).replace(day=1)
        text = f"{moment:%Y-%m-%d}" if days else f"{moment:%Y-%m}"
        yield Span(text, int(moment.timestamp()), int(following.timestamp()))
        moment = following


def _find_clock(terminal: Any, wanted: Wanted) -> ServerClock:
    if wanted.server_clock is not None:
        return parse_clock(wanted.server_clock)
    usual = find_usual(wanted.symbol)
    links = () if usual is None else (link_of(usual, wanted.name),)
    clock = read_clock(terminal, links)
    if clock is None:
        raise UsageError("the terminal shows no opening of a week; say the --server-clock")
    return clock


def _plain(name: str) -> str:
    """Return a name as a folder may have it on any system."""
    return "".join(each if each.isalnum() or each in "-_." else "_" for each in name) or "_"


def _write(file: Path, rows: Any, frame: str, digits: int) -> None:
    try:
        with file.open("x", encoding="ascii", newline="\r\n") as out:
            _write_ticks(out, rows, digits) if frame == TICKS else _write_bars(out, rows, digits)
    except FileExistsError:
        raise UsageError(f"{file} exists; choose another --out") from None
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}") from None


def _write_bars(out: TextIO, rows: Any, digits: int) -> None:
    out.write("<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n")
    names = ("time", "open", "high", "low", "close", "tick_volume", "real_volume", "spread")
    for time, *prices, ticks, volume, spread in zip(
        *(rows[n].tolist() for n in names), strict=True
    ):
        shown = "\t".join(f"{price:.{digits}f}" for price in prices)
        stamp = datetime.fromtimestamp(time, UTC).strftime("%Y.%m.%d\t%H:%M:%S")
        out.write(f"{stamp}\t{shown}\t{ticks}\t{volume}\t{spread}\n")


def _write_ticks(out: TextIO, rows: Any, digits: int) -> None:
    out.write("<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n")
    names = ("time_msc", "bid", "ask", "last", "volume", "flags")
    for msc, *prices, volume, flags in zip(*(rows[n].tolist() for n in names), strict=True):
        stamp = datetime.fromtimestamp(msc // 1_000, UTC).strftime("%Y.%m.%d\t%H:%M:%S")
        shown = "\t".join(f"{price:.{digits}f}" for price in prices)
        out.write(f"{stamp}.{msc % 1_000:03d}\t{shown}\t{volume}\t{flags}\n")
