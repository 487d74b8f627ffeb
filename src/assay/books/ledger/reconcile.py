"""The reconciler: ledger against engine to the last minor unit, and a halt on any gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from assay.books.ledger.chart import CASH
from assay.books.ledger.marks import MarkSource, QuoteMarks
from assay.books.ledger.module import Ledger
from assay.books.ledger.standing import Standing, Worth
from assay.model.messages import (
    AccountReported,
    BarClosed,
    EntryPosted,
    EquityMarked,
    GapFound,
    Message,
    OrderFilled,
    SwapCharged,
    Tick,
    TradingHalted,
    TradingResumed,
)
from assay.model.time import SECOND

HALT_REASON = "ledger_gap"
HALT_BY = "reconciler"
PATIENCE = 10 * SECOND
"""How long the venue's balance may run ahead of the deals that explain it."""

Difference = tuple[str, int, int]
"""What differs, the ledger's figure, the engine's figure."""


class ReconcilerState(msgspec.Struct, array_like=True):
    """Hold what the reconciler remembers: gaps told, tenants halted, entries seen.

    `differs` is since when (ns UTC) an account's balance is not the venue's, and what that was.
    """

    told: dict[str, list[tuple[str, str]]] = {}
    entries: dict[str, int] = {}
    cash: dict[str, int] = {}
    differs: dict[str, tuple[int, int]] = {}


class Reconciler:
    """Compare the ledger with the engine; tell each gap once and halt its tenant once.

    Positions, profit and commission are compared at every fill, and of a hedging account the sum
    of its tickets, each of which the ledger keeps; the position at every swap, the
    balance at every EquityMarked, and the equity too where every open position has a mark. The
    stream of entries is added up again, so an entry altered, lost or doubled on its way shows.
    The balance of an account at a venue is held to what the venue tells, which may run ahead of
    its deals for PATIENCE. The ledger must handle each message before the reconciler does.
    TradingResumed clears what was told; a gap that is still there halts again.
    """

    consumes: tuple[type[Message], ...] = (
        BarClosed,
        Tick,
        OrderFilled,
        SwapCharged,
        EquityMarked,
        EntryPosted,
        GapFound,
        TradingResumed,
        AccountReported,
    )
    publishes: tuple[type[Message], ...] = (GapFound, TradingHalted)

    def __init__(
        self, ledger: Ledger, next_id: Callable[[], int], marks: MarkSource | None = None
    ) -> None:
        self._ledger = ledger
        self._next_id = next_id
        self._marks = marks
        self._quotes = marks if isinstance(marks, QuoteMarks) else None
        self._state = ReconcilerState()
        self._standings: dict[str, Standing] = {}
        # Any: each method takes the one type of message that is its key.
        self._takers: dict[type[Message], Callable[[Any], list[Message] | None]] = {
            OrderFilled: self._telling(self._compare_fill),
            SwapCharged: self._telling(self._compare_position),
            EquityMarked: self._check_worth,
            EntryPosted: self._telling(self._compare_entry),
            GapFound: self._halt,
            TradingResumed: self._forget,
            AccountReported: self._telling(self._compare_report),
        }
        if self._quotes:
            self._takers[BarClosed] = self._quotes.observe_bar
            self._takers[Tick] = self._quotes.observe_tick

    def follow(self, entries: dict[str, int]) -> None:
        """Expect the next entry of each tenant after those of earlier runs."""
        self._state.entries.update(entries)

    def handle(self, message: Message) -> Iterable[Message]:
        """Return GapFound for each new difference and TradingHalted with a tenant's first."""
        take = self._takers.get(type(message))
        return (take(message) or ()) if take else ()

    def route(self, kind: type[Message]) -> Callable[[Any], list[Message] | None] | None:
        """Return what takes a type of message; None where nothing does."""
        return self._takers.get(kind)

    def _telling(
        self, compare: Callable[[Any], list[Difference]]
    ) -> Callable[[Any], list[Message] | None]:
        def take(message: Message) -> list[Message] | None:
            differences = compare(message)
            return self._tell(message, differences) if differences else None

        return take

    def snapshot(self) -> bytes:
        """Return the state; equal states give equal bytes."""
        return msgspec.msgpack.encode(self._state, order="sorted")

    def restore(self, snapshot: bytes) -> None:
        """Take up a snapshot."""
        self._state = msgspec.msgpack.decode(snapshot, type=ReconcilerState)
        self._standings.clear()

    def _forget(self, resumed: TradingResumed) -> None:
        self._state.told.pop(resumed.tenant, None)

    def _compare_fill(self, fill: OrderFilled) -> list[Difference]:
        if self._ledger.find_problem(fill):
            return []  # the ledger has told this gap itself
        booked = self._ledger.last_booked(fill.account)
        ours = (self._position(fill), booked.fill, booked.profit, booked.commission)
        theirs = (fill.position, fill.fill, fill.profit, fill.commission)
        tickets = self._compare_tickets(fill) if fill.ticket is not UNSET else []
        if ours == theirs:
            return tickets
        names = (f"position {fill.symbol}", "fill", "profit", "commission")
        pairs = zip(names, ours, theirs, strict=True)
        told = [(what, ledger, engine) for what, ledger, engine in pairs if ledger != engine]
        return told + tickets

    def _compare_tickets(self, fill: OrderFilled) -> list[Difference]:
        tickets = self._ledger.tickets(fill.account, fill.symbol).values()
        held = sum(each.quantity for each in tickets)
        return [] if held == fill.position else [(f"tickets {fill.symbol}", held, fill.position)]

    def _compare_position(self, swap: SwapCharged) -> list[Difference]:
        if self._ledger.find_problem(swap) or self._position(swap) == swap.position:
            return []
        return [(f"position {swap.symbol}", self._position(swap), swap.position)]

    def _position(self, message: OrderFilled | SwapCharged) -> int:
        return self._ledger.position(message.account, message.symbol)

    def _check_worth(self, mark: EquityMarked) -> list[Message] | None:
        known = self._standings.get(mark.account)
        if known and known.revision == self._ledger.revision and known.confirms(mark):
            return None
        if self._quotes and (standing := self._ledger.standing(mark.account, self._quotes)):
            self._standings[mark.account] = standing
        differences = self._compare_worth(mark)
        return self._tell(mark, differences) if differences else None

    def confirms(self, account: str, bars: Sequence[BarClosed], worths: Iterable[Worth]) -> bool:
        """Say whether what an account was worth after bars without a booking is certainly right.

        The last bar is then the last one observed. After False, hand over each bar and its mark.
        """
        standing = self._ledger.standing(account, self._quotes) if self._quotes else None
        if self._quotes is None or standing is None or not standing.confirms_bars(bars, worths):
            return False
        self._quotes.observe_bar(bars[-1])
        return True

    def _compare_worth(self, mark: EquityMarked) -> list[Difference]:
        spec = self._ledger.spec(mark.account)
        if spec is None:
            return [("unknown_account", 0, mark.balance)]
        if spec.tenant != mark.tenant:
            return [("wrong_tenant", 0, mark.balance)]
        balance, unrealised = self._ledger.compute_worth(spec, self._marks)
        if balance != mark.balance:
            return [("balance", balance, mark.balance)]
        if spec.venue:
            return []  # what others hold there is worth something too
        if unrealised is not None and balance + unrealised != mark.equity:
            return [("equity", balance + unrealised, mark.equity)]
        return []

    def _compare_report(self, told: AccountReported) -> list[Difference]:
        spec, balance = self._ledger.spec(told.account), self._ledger.balance(told.account)
        if spec is None or not spec.venue or balance is None or balance == told.balance:
            self._state.differs.pop(told.account, None)
            return []
        since = self._state.differs.get(told.account, (told.ts_event, 0))[0]
        self._state.differs[told.account] = (since, told.balance)
        if told.ts_event - since < PATIENCE:
            return []
        return [("balance at the venue", balance, told.balance)]

    def _compare_entry(self, entry: EntryPosted) -> list[Difference]:
        spec = self._ledger.spec(entry.account)
        if spec is None:
            return [("unknown_account", 0, entry.entry)]
        if spec.tenant != entry.tenant:
            return [("wrong_tenant", 0, entry.entry)]
        found: list[Difference] = []
        expected = self._state.entries.get(entry.tenant, 0) + 1
        if entry.entry != expected:
            found.append(("entry number", expected, entry.entry))
        total, cash = 0, self._state.cash.get(entry.account, 0)
        for line in entry.lines:
            total += line.amount
            if line.account == CASH:
                cash += line.amount
        if total or len(entry.lines) < 2:
            found.append(("entry sum", 0, total))
        if (entry.currency, entry.currency_digits) != (spec.currency, spec.currency_digits):
            found.append(("entry currency", 0, entry.entry))
        self._state.cash[entry.account] = cash
        self._state.entries[entry.tenant] = entry.entry
        # Entries still on their way explain a difference; once all are here, nothing does.
        held = self._ledger.balance(entry.account)
        if entry.entry == self._ledger.entry_count(entry.tenant) and held != cash:
            found.append(("entry cash", held or 0, cash))
        if held == self._state.differs.get(entry.account, (0, None))[1]:
            del self._state.differs[entry.account]
        return found

    def _tell(self, cause: Message, differences: list[Difference]) -> list[Message]:
        account = str(getattr(cause, "account", ""))
        spec = self._ledger.spec(account)
        tenant = spec.tenant if spec else cause.tenant
        published: list[Message] = []
        for what, ledger, engine in differences:
            if (account, what) in self._state.told.get(tenant, []):
                continue
            gap = GapFound(
                id=self._next_id(), cause=cause.id, tenant=tenant, ts_event=cause.ts_event,
                ts_init=cause.ts_init, account=account, what=what, ledger=ledger, engine=engine,
            )  # fmt: skip
            published += [gap, *self._halt(gap)]
        return published

    def _halt(self, gap: GapFound) -> list[Message]:
        told = self._state.told.setdefault(gap.tenant, [])
        is_first = not told
        if (gap.account, gap.what) not in told:
            told.append((gap.account, gap.what))
        if not is_first:
            return []
        halt = TradingHalted(
            id=self._next_id(), cause=gap.id, tenant=gap.tenant, ts_event=gap.ts_event,
            ts_init=gap.ts_init, reason=HALT_REASON, by=HALT_BY,
        )  # fmt: skip
        return [halt]
