"""The connector: one thread asks the terminal, another keeps the link, the disk between them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from assay.apps.edge.accountlog import AccountLog, Received
from assay.apps.edge.commands import Executor
from assay.apps.edge.dialing import Bridge, Dialer
from assay.apps.edge.history import HistoryPoller
from assay.apps.edge.quotes import MARKET_BYTES, MarketLog, QuotePoller
from assay.apps.link.frames import HISTORY
from assay.apps.link.log import make_private
from assay.model.errors import RetryError
from assay.model.time import SECOND
from assay.runtime.clock import Clock
from assay.runtime.home import HomeLock
from assay.runtime.ids import Rng
from assay.runtime.logs import Logger
from assay.trading.brokers.mt5.ports import Gateway

QUOTES_EVERY_S = 0.05
ACCOUNT_EVERY = SECOND // 4
STOP_S = 5.0
LOCK = "edge.lock"


@dataclass(frozen=True)
class Surroundings:
    """Hold what is given to a connector: time, chance, and whom to tell."""

    clock: Clock
    rng: Rng
    logger: Logger


Polls = Callable[[MarketLog], QuotePoller]
Pasts = Callable[[Path], HistoryPoller]


class Connector:
    """Run an edge until told to stop.

    The terminal's package answers one caller at a time, so one thread does all of it: commands
    first, then the account, then quotes. The link has its own and never waits for a terminal.
    """

    def __init__(
        self, folder: Path, bridge: Bridge, gateway: Gateway, polls: Polls,
        surroundings: Surroundings, *, market_bytes: int = MARKET_BYTES,
    ) -> None:  # fmt: skip
        clock, self._logger = surroundings.clock, surroundings.logger
        make_private(folder)
        self._lock = _take_folder(folder, clock)
        self._clock = clock
        self.market = MarketLog(folder / "market", clock, bytes_max=market_bytes)
        self.account = AccountLog(folder / "account")
        self._folder = folder
        self._history: HistoryPoller | None = None
        self._inbox: SimpleQueue[list[Received] | None] = SimpleQueue()
        self.dialer = Dialer(
            bridge, self.market, self.account, deliver=self._inbox.put,
            rng=surroundings.rng, logger=self._logger,
        )  # fmt: skip
        self._executor = Executor(self.account, gateway, clock, self._logger, self.dialer.wake)
        self._poller = polls(self.market)
        self._stopped = threading.Event()
        self._asked = 0
        self._failure: Exception | None = None

    def tell_past(self, pasts: Pasts) -> None:
        """Send the bars of the terminal too; called before `run`."""
        self._history = pasts(self._folder / HISTORY)
        self.dialer.carry(self._history)

    def run(self) -> None:
        """Work until `stop` is called, from any thread; raise what ended the link."""
        try:
            with self._link():
                self._executor.recover()
                while not self._stopped.is_set():
                    self._step()
        finally:
            self.market.close()
            self.account.close()
            if self._history is not None:
                self._history.close()
            self._lock.release()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask to end soon."""
        self._stopped.set()
        self._inbox.put(None)

    def _step(self) -> None:
        for commands in self._wait_commands():
            self._executor.carry_out(commands, self.dialer.stored)
        try:
            self._ask_terminal()
        except RetryError as error:
            self._logger.warning("the terminal does not answer", reason=str(error))

    def _ask_terminal(self) -> None:
        now = self._clock.now_ns()
        # A clock that was set back holds nothing up.
        if not 0 <= now - self._asked < ACCOUNT_EVERY:
            self._asked = now
            self._executor.poll()
        found = self._poller.poll()
        if self._history is not None:
            found += self._history.poll()
        if found:
            self.dialer.wake()

    def _wait_commands(self) -> Iterator[list[Received]]:
        try:
            came = self._inbox.get(timeout=QUOTES_EVERY_S)
        except Empty:
            return
        while came:
            # One that was begun is finished; what else came stays for the next start.
            if not self._stopped.is_set():
                yield came
            try:
                came = self._inbox.get_nowait()
            except Empty:
                return

    @contextmanager
    def _link(self) -> Iterator[None]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._keep_link, args=(loop,), name="link", daemon=True)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(_cancel_all, loop)
            thread.join(STOP_S)

    def _keep_link(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(self.dialer.run())
        except Exception as error:
            # Without its link an edge is of no use: it ends, and is started anew.
            self._logger.error("the link failed", error=f"{type(error).__name__}: {error}")
            self._failure = error
            self.stop()
        finally:
            loop.close()


def _take_folder(folder: Path, clock: Clock) -> HomeLock:
    try:
        return HomeLock(folder / LOCK, clock.now_ns())
    except RetryError:
        raise RetryError(
            f"folder {folder} is in use by another connector; end it or choose another --folder"
        ) from None


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
