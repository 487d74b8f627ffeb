"""Orders from any process of the home to an edge: a file that the bridge follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from assay.apps.bridge.tokens import EdgeGrant, write_private
from assay.apps.link.frames import PackedCodec
from assay.apps.link.log import SEGMENT_BYTES, LogReader, SegmentLog
from assay.model.errors import InvariantError, UsageError
from assay.model.messages import CancelRequested, ChangeRequested, OrderSubmitted
from assay.runtime.home import Home
from assay.runtime.ids import fresh_token
from assay.trading.brokers.mt5.broker import make_cancel, make_change, make_command
from assay.trading.brokers.mt5.ports import OrderCommand

SUBMITTED, FETCHED = "submitted", "fetched"
KEPT_BYTES = 64 << 20
_SCAN = 1_024


def edge_folder(home: Home, grant: EdgeGrant) -> Path:
    """Return where everything of an edge lies."""
    return home.folder("bridge") / "edges" / grant.tenant / grant.edge


class CommandDesk:
    """Put commands for one edge on the disk, where a running bridge finds them within moments.

    One process holds an edge's desk at a time; a second gets RetryError naming it. What the bridge
    has fetched stays, in at most 64 MB, so that the desk knows its keys again.
    """

    def __init__(self, home: Home, grant: EdgeGrant) -> None:
        self._lock = home.lock(f"edge-{grant.tenant}-{grant.edge}")
        self._grant, self._codec = grant, PackedCodec()
        self._folder = edge_folder(home, grant)
        self._log = SegmentLog(
            self._folder / SUBMITTED, lambda known: known or fresh_token(8).encode()
        )
        self._keys: set[int] = set()
        reader = LogReader(self._log.folder)
        while records := reader.read(_SCAN, 1 << 20):
            self._keys.update(self._codec.decode(each.payload, OrderCommand).id for each in records)

    def submit(self, command: OrderCommand) -> None:
        """Store a command; it goes to the edge now or when it is there.

        Raises UsageError for another account's command.
        """
        if command.account != self._grant.account:
            raise UsageError(
                f"edge {self._grant.edge} trades account {self._grant.account}, "
                f"not {command.account}"
            )
        self._log.append([self._codec.encode(command)], sync=True)
        self._keys.add(command.id)
        if self._log.octets >= KEPT_BYTES + 2 * SEGMENT_BYTES:
            self._trim()

    @property
    def account(self) -> str:
        """Return the account that the edge trades."""
        return self._grant.account

    def knows(self, key: int) -> bool:
        """Say whether a command of that key was stored."""
        return key in self._keys

    def close(self) -> None:
        """Let go of the desk; what was stored stays so."""
        self._trim()
        self._log.close()
        self._lock.release()

    def _trim(self) -> None:
        self._log.drop_through(read_number(self._folder / FETCHED), keep=KEPT_BYTES)


class Fetcher:
    """Follow a desk's file for the bridge; after a kill some may be fetched again.

    The edge carries each out once by its id, so that does no harm.
    """

    def __init__(self, folder: Path) -> None:
        self._mark = folder / FETCHED
        self._reader = LogReader(folder / SUBMITTED, read_number(self._mark))

    def fetch(self) -> list[bytes]:
        """Return what is new."""
        return [each.payload for each in self._reader.read(_SCAN)]

    def settle(self) -> None:
        """Note that everything fetched is on the way."""
        write_private(self._mark, str(self._reader.after).encode())


def read_number(file: Path) -> int:
    """Return the number that a file holds, 0 where there is none or a power cut tore it."""
    with suppress(FileNotFoundError, ValueError):
        return int(file.read_text(encoding="ascii"))
    return 0


class BridgeBroker:
    """Send orders by their key to a terminal behind the bridge; `digits` are those of prices.

    Commands name the account as the edge knows it. What was decided when `is_behind` says that the
    market has gone on since expires before it is sent.
    """

    def __init__(
        self, desk: CommandDesk, clock: Callable[[], int], digits: Mapping[str, int]
    ) -> None:
        self._desk, self._clock, self._digits = desk, clock, digits
        self.is_behind: Callable[[int], bool] = lambda _: False

    def send(self, order: OrderSubmitted) -> None:
        """Hand an order over; raises InvariantError for a key that was sent already."""
        self._send(order, lapses=self.is_behind(order.ts_event))

    def lapse(self, order: OrderSubmitted) -> None:
        """Hand an order over that is past its time, so that the edge says that it ended."""
        self._send(order, lapses=True)

    def _send(self, order: OrderSubmitted, *, lapses: bool) -> None:
        if self.knows(order.key):
            raise InvariantError(f"order key {order.key} was sent twice")
        now = self._clock()
        command = make_command(order, self._digits[order.symbol], now)
        if lapses:
            command = msgspec.structs.replace(command, expiry_ns=now - 1)
        self._submit(command)

    def cancel(self, wish: CancelRequested) -> None:
        """Ask for an order to be cancelled; a wish that was handed over is passed over."""
        if not self.knows(wish.id):
            self._submit(make_cancel(wish, self._digits[wish.symbol], self._clock()))

    def change(self, wish: ChangeRequested) -> None:
        """Ask for a change; a wish that was handed over is passed over."""
        if not self.knows(wish.id):
            self._submit(make_change(wish, self._digits[wish.symbol], self._clock()))

    def _submit(self, command: OrderCommand) -> None:
        self._desk.submit(msgspec.structs.replace(command, account=self._desk.account))

    def knows(self, key: int) -> bool:
        """Say whether a key was handed over, whatever became of it."""
        return self._desk.knows(key)

    def close(self) -> None:
        """Let go of the desk."""
        self._desk.close()
