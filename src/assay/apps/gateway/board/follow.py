"""Keep a board at the trader's heels: the ring for what is new, the journal for what was missed."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path

import msgspec

from assay.apps.config import Config
from assay.apps.gateway.board.content import Board
from assay.apps.gateway.board.meter import Meter
from assay.apps.gateway.board.records import Records
from assay.apps.gateway.views import Feed, FeedState
from assay.apps.paper.view.sheet import PAST, RING, SHEET, STANDING, Past, Sheet, Standing
from assay.model.errors import RetryError
from assay.model.messages import Message, PlatformStarted, decode_message
from assay.model.time import SECOND
from assay.runtime.clock import Stopwatch
from assay.runtime.home import Home
from assay.runtime.ring import RingReader, Subscriber
from assay.runtime.settings import load_settings
from assay.runtime.stores.postgres import Postgres, open_postgres
from assay.runtime.supervisor import read_state
from assay.runtime.supervisor.state import find_process

STEP = 500
"""Frames applied before other tasks of the loop have their turn."""
MISSED_MAX = 20_000
"""A gap longer than this is not read through: the board is filled anew."""
STALE_S = 5.0
RATE_S = 2.0


class Follower:
    """Hold the board of a home, None until its trader is ready.

    `version` grows with every board that was filled anew; whoever sends deltas then starts over
    from a snapshot.
    """

    def __init__(self, home: Home, ring: Subscriber | None = None) -> None:
        self.home = home
        self._ring: Subscriber = ring or RingReader(home.folder("run") / RING)
        self.board: Board | None = None
        self.meter = Meter()
        self.records: Records | None = None
        self.version = 0
        self._postgres: Postgres | None = None
        self._sheet_stamp = self._standing_stamp = 0
        self._age = Stopwatch()
        self._rates: deque[tuple[int, int]] = deque(maxlen=32)
        self._uptime = Stopwatch()
        self._is_alive = True
        self._alive_checked = 0

    def fill(self) -> None:
        """Fill the board from the journal; leave it None while the trader is not ready."""
        found = _load(self._path(SHEET), Sheet)
        if found is None:
            return
        sheet, self._sheet_stamp = found
        if self._postgres is None:
            dsn = load_settings(Config, self.home).value.postgres.dsn
            self._postgres = open_postgres(self.home.path, dsn or None)
        self.records = Records(self._postgres, sheet.tenant)
        standing = _load(self._path(STANDING), Standing)
        past = _load(self._path(PAST), Past)
        self.board = self.records.board(
            sheet, standing[0] if standing else None, past[0] if past else None
        )
        self._standing_stamp = standing[1] if standing else 0
        meter, is_counted = self.meter.renewed(), self.meter.place > 0
        for recorded in self.records.metered(self.board):
            meter.apply(recorded.position, recorded.message, is_counted=is_counted)
        self.meter = meter
        self.version += 1

    def _path(self, name: str) -> Path:
        return self.home.path / "run" / name

    async def advance(self) -> None:
        """Take what is new since the last call, without holding up the loop."""
        if self.board is None or _stamp(self._path(SHEET)) not in (0, self._sheet_stamp):
            await asyncio.to_thread(self.fill)
        if self.board is None:
            return
        while (polled := self._ring.poll(STEP)).frames:
            self._age.restart()
            if not await self._take(polled.frames):
                await asyncio.to_thread(self.fill)
            if len(polled.frames) < STEP:
                break
            await asyncio.sleep(0)
        self._look_at_standing()

    async def _take(self, frames: list[tuple[int, bytes]]) -> bool:
        """Apply frames that follow on; return False where only a fresh board helps."""
        assert self.board is not None
        for mark, payload in frames:
            board = self.board
            if mark <= board.place:
                continue
            if mark != board.place + 1 and not await self._read_missed(mark):
                return False
            message = decode_message(payload)
            if isinstance(message, PlatformStarted):
                return False
            self._apply(mark, message)
        return True

    def _apply(self, place: int, message: Message) -> None:
        assert self.board is not None
        self.board.apply(place, message)
        self.meter.apply(place, message)

    async def _read_missed(self, mark: int) -> bool:
        assert self.board is not None
        assert self.records is not None
        missing = mark - self.board.place - 1
        if missing > MISSED_MAX:
            return False
        found = await asyncio.to_thread(self.records.after, self.board.place, missing)
        for recorded in found:
            if isinstance(recorded.message, PlatformStarted):
                return False
            self._apply(recorded.position, recorded.message)
        return self.board.place == mark - 1

    def _look_at_standing(self) -> None:
        stamp = _stamp(self._path(STANDING))
        if self.board is None or stamp in (0, self._standing_stamp):
            return
        found = _load(self._path(STANDING), Standing)
        if found is not None:
            standing, self._standing_stamp = found
            self.board.stand(standing)

    def feed(self) -> Feed:
        """Return how fresh the market is."""
        board = self.board
        if board is None:
            raise RetryError("the trader is still starting; try again in a moment")
        events, now = board.standing.next, self._uptime.elapsed_ns()
        self._rates.append((now, events))
        while len(self._rates) > 2 and now - self._rates[0][0] > RATE_S * SECOND:
            self._rates.popleft()
        since, before = self._rates[0]
        passed = (now - since) / SECOND
        return Feed(
            source=board.sheet.source, state=self._state(), age_ms=int(1000 * self._age.elapsed()),
            speed=board.sheet.speed, events=events,
            events_per_second=round((events - before) / passed, 1) if passed > 0 else 0.0,
        )  # fmt: skip

    def _state(self) -> FeedState:
        assert self.board is not None
        if self.board.standing.done:
            return "ended"
        if not self._trader_lives():
            return "lost"
        return "stale" if self._age.elapsed() > STALE_S else "live"

    def _trader_lives(self) -> bool:
        now = self._uptime.elapsed_ns()
        if now - self._alive_checked >= SECOND:
            self._alive_checked = now
            state = read_state(self.home)
            children = state.children if state else ()
            self._is_alive = any(
                child.name == "trader" and find_process(child) is not None for child in children
            )
        return self._is_alive

    def close(self) -> None:
        """Let go of ring and database."""
        self._ring.close()
        if self._postgres is not None:
            self._postgres.stop()


def _stamp(path: Path) -> int:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0
    return found.st_mtime_ns ^ found.st_ino


def _load(path: Path, kind: type) -> tuple[object, int] | None:
    try:
        stamp = _stamp(path)
        return msgspec.json.decode(path.read_bytes(), type=kind), stamp
    except (FileNotFoundError, msgspec.DecodeError):
        return None
