"""The ledger: double entries posted from fills and swaps by its own arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import UNSET

from assay.books.ledger.arithmetic import (
    Conversion,
    Tariff,
    format_points,
    prepare_tariff,
    to_minor,
)
from assay.books.ledger.chart import CASH, CHART, COMMISSION, DEPOSITS, FOREIGN, PROFIT, SWAP
from assay.books.ledger.marks import MarkSource, QuoteMarks
from assay.books.ledger.position import FLAT, Position, Valuation, apply_fill
from assay.books.ledger.standing import Standing
from assay.books.ledger.tickets import Tickets, change_ticket, sum_tickets, value_sides
from assay.model.accounts import AccountSpec
from assay.model.errors import DataError, InvariantError
from assay.model.instruments import Instrument
from assay.model.messages import (
    AccountReported,
    DealBooked,
    EntryPosted,
    GapFound,
    Message,
    OrderFilled,
    PlatformStarted,
    PostingLine,
    SwapCharged,
)
from assay.model.values import INT64_MAX

_DIGEST_BYTES = 16


class Booked(msgspec.Struct, frozen=True, array_like=True):
    """Hold what the ledger made of the last fill of an account, in minor units."""

    fill: int = 0
    profit: int = 0
    commission: int = 0


class AccountBooks(msgspec.Struct, array_like=True):
    """Hold the balances, open positions and last booked fill of one trading account.

    A hedging account also has its tickets by symbol, whose sum each position is.
    """

    tenant: str
    opened: bool = False
    balances: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(CHART, 0))
    positions: dict[str, Position] = msgspec.field(default_factory=dict)
    last: Booked = Booked()
    tickets: dict[str, Tickets] = msgspec.field(default_factory=dict)


class LedgerState(msgspec.Struct, array_like=True):
    """Hold all that the ledger remembers."""

    entries: dict[str, int]
    accounts: dict[str, AccountBooks]


class Ledger:
    """Post a balanced entry for the deposit, each fill that moves money, and each swap.

    Of an account at a venue every deal that the venue booked is posted as the venue counted it,
    whosever it is, and the balance that it tells first is the deposit. Entries are numbered
    from 1 per tenant. A message that cannot be booked (unknown account or instrument, another
    tenant's account, no rate) changes nothing and yields GapFound.
    """

    consumes: tuple[type[Message], ...] = (
        PlatformStarted, OrderFilled, SwapCharged, AccountReported, DealBooked,
    )  # fmt: skip
    publishes: tuple[type[Message], ...] = (EntryPosted, GapFound)

    def __init__(
        self,
        accounts: Iterable[AccountSpec],
        instruments: Mapping[str, Instrument],
        next_id: Callable[[], int],
    ) -> None:
        self._specs = {spec.id: spec for spec in accounts}
        self._instruments = dict(instruments)
        self._quantity_digits = {
            symbol: spec.quantity_digits for symbol, spec in instruments.items()
        }
        self._lots = {symbol: spec.lot_units for symbol, spec in instruments.items()}
        self._next_id = next_id
        self._state = LedgerState({}, {})
        self._valuations: dict[tuple[str, str], Valuation] = {}
        self._tariffs: dict[tuple[str, str, int], Tariff] = {}
        # Any: each method takes the one type of message that is its key.
        self._takers: dict[type[Message], Callable[[Any], list[Message]]] = {
            PlatformStarted: self._take_start,
            OrderFilled: self._take_fill,
            SwapCharged: self._take_swap,
            AccountReported: self._take_report,
            DealBooked: self._take_deal,
        }
        self.revision = 0
        """How often the books were replaced as a whole."""

    def handle(self, message: Message) -> Iterable[Message]:
        """Return the entries that a message calls for, or the gap that it shows."""
        take = self._takers.get(type(message))
        return take(message) if take else []

    def route(self, kind: type[Message]) -> Callable[[Any], list[Message]] | None:
        """Return what takes a type of message; None where nothing does."""
        return self._takers.get(kind)

    def _take_start(self, started: PlatformStarted) -> list[Message]:
        return [
            entry
            for spec in self._specs.values()
            if not spec.venue
            for entry in self._open(spec, started)
        ]

    def _take_fill(self, fill: OrderFilled) -> list[Message]:
        if problem := self.find_problem(fill):
            return [self._report(fill, problem)]
        spec = self._specs[fill.account]
        if spec.venue:
            return []  # its deal is posted
        opening = self._open(spec, fill)
        return opening + self._book_fill(spec, fill)

    def _take_swap(self, swap: SwapCharged) -> list[Message]:
        if problem := self.find_problem(swap):
            return [self._report(swap, problem)]
        spec = self._specs[swap.account]
        if spec.venue:
            return []
        return [*self._open(spec, swap), *self._book_swap(spec, swap)]

    def _take_report(self, told: AccountReported) -> list[Message]:
        spec = self._specs.get(told.account)
        if spec is None or not spec.venue or self._books(spec).opened:
            return []
        self._books(spec).opened = True
        lines = {CASH: told.balance, DEPOSITS: -told.balance}
        return self._post(spec, lines, cause=told, source=0, text=f"balance at {spec.venue}")

    def _take_deal(self, deal: DealBooked) -> list[Message]:
        spec = self._specs.get(deal.account)
        if spec is None or not spec.venue:
            return []
        books, ticket = self._books(spec), deal.position_key or deal.position
        hedges, own = spec.margin_mode == "hedging", deal.own
        if hedges and deal.entry != "in" and str(ticket) not in books.tickets.get(deal.symbol, {}):
            own = 0  # what never opened here is somebody else's
        if own:
            change = (own, deal.price, deal.price_digits)
            self._change(books, deal.symbol, ticket if hedges else None, change)
            books.last = Booked(deal.ticket, deal.profit, -(deal.commission + deal.fee))
        fees, cash = (
            deal.commission + deal.fee,
            deal.profit + deal.commission + deal.fee + deal.swap,
        )
        lines = {CASH: cash, PROFIT: -deal.profit, COMMISSION: -fees, SWAP: -deal.swap}
        if deal.quantity == 0:
            lines = {CASH: cash, DEPOSITS: -cash}
        elif own == 0:
            lines = {CASH: cash, FOREIGN: -cash}
        text = f"deal {deal.ticket}: {deal.kind} {deal.symbol} by {deal.reason}"
        return self._post(spec, lines, cause=deal, source=deal.ticket, text=text)

    def find_problem(self, message: OrderFilled | SwapCharged) -> str:
        """Return why a message cannot be booked, or an empty text."""
        spec = self._specs.get(message.account)
        if spec is None:
            return "unknown_account"
        if spec.tenant != message.tenant:
            return "wrong_tenant"
        if message.symbol not in self._instruments:
            return "unknown_instrument"
        if isinstance(message, OrderFilled):
            if message.rate_num <= 0 or message.rate_den <= 0:
                return "invalid_rate"
            if message.quantity == 0 or not 0 <= message.price_digits <= 12:
                return "invalid_fill"
        return ""

    def balance(self, account: str) -> int | None:
        """Return the cash of an account in minor units; None for an unknown account."""
        spec = self._specs.get(account)
        if spec is None:
            return None
        books = self._state.accounts.get(account)
        return books.balances[CASH] if books and books.opened else spec.cash

    def balances(self, account: str) -> dict[str, int]:
        """Return the posted balance of each ledger account; they sum to zero."""
        books = self._state.accounts.get(account)
        return dict(books.balances) if books else dict.fromkeys(CHART, 0)

    def positions(self, account: str) -> dict[str, Position]:
        """Return the open positions of an account by symbol."""
        books = self._state.accounts.get(account)
        return dict(books.positions) if books else {}

    def position(self, account: str, symbol: str) -> int:
        """Return the signed units that an account holds of a symbol."""
        books = self._state.accounts.get(account)
        held = books.positions.get(symbol) if books else None
        return held.quantity if held else 0

    def tickets(self, account: str, symbol: str) -> Tickets:
        """Return the tickets of a hedging account in a symbol by the key of what opened each."""
        books = self._state.accounts.get(account)
        return dict(books.tickets.get(symbol, {})) if books else {}

    def last_booked(self, account: str) -> Booked:
        """Return what was made of the last fill of an account."""
        books = self._state.accounts.get(account)
        return books.last if books else Booked()

    def entry_count(self, tenant: str) -> int:
        """Return the number of the last entry of a tenant."""
        return self._state.entries.get(tenant, 0)

    def spec(self, account: str) -> AccountSpec | None:
        """Return the description of an account; None for an unknown one."""
        return self._specs.get(account)

    def compute_worth(self, spec: AccountSpec, marks: MarkSource | None) -> tuple[int, int | None]:
        """Return the cash and the unrealised profit of an account in minor units.

        The profit is rounded half-even per position; it is None where a position has no mark.
        """
        account = spec.id
        books = self._state.accounts.get(account)
        if books is None or not books.opened:
            return spec.cash, 0
        cash, profit = books.balances[CASH], 0
        if marks is None:
            return cash, None
        for symbol, held in books.positions.items():
            mark = marks.mark(account, symbol, held.quantity)
            if mark is None:
                return cash, None
            if tickets := books.tickets.get(symbol):
                bid, ask = marks.mark(account, symbol, 1), marks.mark(account, symbol, -1)
                scale = self._quantity_digits[symbol]
                assert bid is not None
                assert ask is not None
                sides = (bid, ask)
                profit += value_sides(tickets.values(), sides, scale, spec.currency_digits)
                continue
            profit += self._value(spec, symbol, held, mark.price_digits).at(mark)
        return cash, profit

    def standing(self, account: str, marks: QuoteMarks) -> Standing | None:
        """Return what confirms an account's marks; None where only the books themselves can."""
        books, spec = self._state.accounts.get(account), self._specs.get(account)
        if spec is None or books is None or not books.opened or spec.margin_mode == "hedging":
            return None
        return Standing(
            spec, books.balances, books.positions, quantity_digits=self._quantity_digits,
            marks=marks, revision=self.revision,
        )  # fmt: skip

    def _value(self, spec: AccountSpec, symbol: str, held: Position, digits: int) -> Valuation:
        value = self._valuations.get((spec.id, symbol))
        if value is None or value.held is not held or value.digits != digits:
            scale = self._instruments[symbol].quantity_digits
            value = Valuation(held, digits, scale, spec.currency_digits)
            self._valuations[spec.id, symbol] = value
        return value

    def follow(self, entries: Mapping[str, int]) -> None:
        """Continue the numbers of earlier books; their last entry is given by tenant."""
        self._state.entries.update(entries)

    def snapshot(self) -> bytes:
        """Return the state with a digest in front; equal states give equal bytes."""
        body = msgspec.msgpack.encode(self._state, order="sorted")
        return blake2b(body, digest_size=_DIGEST_BYTES).digest() + body

    def restore(self, snapshot: bytes) -> None:
        """Take up a snapshot; raise DataError when its bytes were altered."""
        digest, body = snapshot[:_DIGEST_BYTES], snapshot[_DIGEST_BYTES:]
        if blake2b(body, digest_size=_DIGEST_BYTES).digest() != digest:
            raise DataError(
                "ledger snapshot does not match its digest; replay the journal from its start"
            )
        self._state = msgspec.msgpack.decode(body, type=LedgerState)
        self._valuations.clear()
        self.revision += 1

    def _report(self, message: OrderFilled | SwapCharged, what: str) -> GapFound:
        spec = self._specs.get(message.account)
        engine = message.quantity if isinstance(message, OrderFilled) else message.amount
        return GapFound(
            id=self._next_id(), cause=message.id, tenant=spec.tenant if spec else message.tenant,
            ts_event=message.ts_event, ts_init=message.ts_init, account=message.account,
            what=what, ledger=0, engine=engine,
        )  # fmt: skip

    def _books(self, spec: AccountSpec) -> AccountBooks:
        books = self._state.accounts.get(spec.id)
        if books is None:
            books = self._state.accounts[spec.id] = AccountBooks(spec.tenant)
        return books

    def _open(self, spec: AccountSpec, cause: Message) -> list[Message]:
        books = self._books(spec)
        if books.opened:
            return []
        books.opened = True
        lines = {CASH: spec.cash, DEPOSITS: -spec.cash}
        return self._post(spec, lines, cause=cause, source=0, text="opening deposit")

    def _book_fill(self, spec: AccountSpec, fill: OrderFilled) -> list[Message]:
        books, scale = self._books(spec), self._quantity_digits[fill.symbol]
        symbol, quantity, price, digits = fill.symbol, fill.quantity, fill.price, fill.price_digits
        ticket = None if fill.ticket is UNSET else fill.ticket
        raw_profit, grid = self._change(books, symbol, ticket, (quantity, price, digits))
        rate_num, rate_den, profit = fill.rate_num, fill.rate_den, 0
        if raw_profit:
            finer = scale + grid
            to = Conversion(rate_num, rate_den, spec.currency_digits, finer)
            profit = to_minor(raw_profit, to)
        tariff = self._tariffs.get((spec.id, symbol, digits)) or self._tariff(spec, symbol, digits)
        commission = tariff.charge(quantity, price, rate_num=rate_num, rate_den=rate_den)
        books.last = Booked(fill.fill, profit, commission)
        lines = {CASH: profit - commission, PROFIT: -profit, COMMISSION: commission}
        text = f"fill {fill.fill}: {quantity:+d} {symbol} at {format_points(price, digits)}"
        return self._post(spec, lines, cause=fill, source=fill.fill, text=text)

    @staticmethod
    def _change(
        books: AccountBooks, symbol: str, ticket: int | None, fill: tuple[int, int, int]
    ) -> tuple[int, int]:
        """Bring a position to a fill, and its ticket; return raw profit and price digits."""
        quantity, price, digits = fill
        held = books.positions.get(symbol, FLAT)
        if ticket is None:
            position, raw_profit = apply_fill(held, quantity, price=price, price_digits=digits)
            grid, stays = position.price_digits, position.quantity != 0
        else:
            tickets = books.tickets.setdefault(symbol, {})
            raw_profit, grid = change_ticket(
                tickets, ticket, quantity, price=price, price_digits=digits
            )
            # The quantity is counted on its own, so that tickets that do not add up show.
            whole, stays = sum_tickets(tickets.values()), bool(tickets)
            position = Position(held.quantity + quantity, whole.cost, whole.price_digits)
            if not stays:
                del books.tickets[symbol]
                stays = position.quantity != 0
        if stays:
            books.positions[symbol] = position
        else:
            books.positions.pop(symbol, None)
        return raw_profit, grid

    def _tariff(self, spec: AccountSpec, symbol: str, price_digits: int) -> Tariff:
        tariff = self._tariffs[spec.id, symbol, price_digits] = prepare_tariff(
            spec.commission, spec.currency_digits, self._quantity_digits[symbol] + price_digits,
            lot_units=self._lots[symbol],
        )  # fmt: skip
        return tariff

    def _book_swap(self, spec: AccountSpec, swap: SwapCharged) -> list[Message]:
        lines = {CASH: swap.amount, SWAP: -swap.amount}
        text = f"swap {swap.symbol}, nights {swap.nights}"
        return self._post(spec, lines, cause=swap, source=swap.id, text=text)

    def _post(
        self, spec: AccountSpec, lines: Mapping[str, int], *, cause: Message, source: int, text: str
    ) -> list[Message]:
        moved = [PostingLine(name, amount) for name, amount in lines.items() if amount]
        if not moved:
            return []
        if sum(lines.values()) != 0 or len(moved) < 2:
            raise InvariantError(f"{spec.id}: entry {dict(lines)} does not balance")
        balances = self._books(spec).balances
        for name, amount in lines.items():
            if not amount:
                continue
            balance = balances[name] = balances.get(name, 0) + amount
            if not (-INT64_MAX <= amount <= INT64_MAX and -INT64_MAX <= balance <= INT64_MAX):
                raise InvariantError(f"{spec.id}: {name} {amount} does not fit 64 bits")
        number = self._state.entries.get(spec.tenant, 0) + 1
        self._state.entries[spec.tenant] = number
        entry = EntryPosted(
            id=self._next_id(), cause=cause.id, tenant=spec.tenant, ts_event=cause.ts_event,
            ts_init=cause.ts_init, entry=number, account=spec.id, currency=spec.currency,
            currency_digits=spec.currency_digits, source=source, text=text,
            lines=tuple(moved),
        )  # fmt: skip
        return [entry]
