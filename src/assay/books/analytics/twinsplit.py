"""What a live day earned beside its twin, and by which causes: every minor unit has a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from assay.books.analytics.twinday import (
    EXITS,
    MANUAL,
    DayFill,
    DaySide,
    LiveFacts,
    Mark,
    Touch,
    float_worth,
    mark_price,
    trace_positions,
    weigh_conversion,
)
from assay.books.analytics.twinmatch import Matched, Pair, Part, match_fills
from assay.books.ledger.position import FLAT, Position

SPREAD, SLIPPAGE, LATENCY, MISSED = "spread", "slippage", "latency", "missed tick"
REJECT, COMMISSION, SWAP, CONVERSION = "reject", "commission", "swap", "conversion"
UNEXPLAINED = "unexplained"
CAUSES = (
    SPREAD, SLIPPAGE, LATENCY, MISSED, REJECT, MANUAL, COMMISSION, SWAP, CONVERSION, UNEXPLAINED,
)  # fmt: skip
FOLLOWED = "followed from: "
OTHER_BAR = "decided on another bar"
ENDED_SHORT = "the venue filled less"
AT_END = "profit at another rate than the day's last"


Ends = Mapping[str, Position]


class GapItem(NamedTuple):
    """Hold one cause: minor units (negative where the live side lost by it), and what happened.

    `quantity` is in signed units of the order of `key`.
    """

    cause: str
    time: int
    symbol: str
    key: int
    quantity: int
    amount: float
    what: str


class DayOpening(NamedTuple):
    """Hold what both sides began the day with: positions, and what they floated, minor units."""

    positions: Mapping[str, Position]
    floating: int


@dataclass(frozen=True, slots=True)
class TwinSplit:
    """Hold the day's profit of both sides in minor units, and what made the difference.

    `amounts` are whole minor units by cause and sum to the gap: what is left of rounding, and what
    has no other name, is unexplained. The items are in order of time.
    """

    live: int
    twin: int
    amounts: dict[str, int]
    items: list[GapItem]
    rest: float

    @property
    def gap(self) -> int:
        """Return what the live side earned more than its twin."""
        return self.live - self.twin

    @property
    def moved(self) -> float:
        """Return the sum of all items without their signs: a gain hides no loss."""
        return sum(abs(item.amount) for item in self.items)

    @property
    def unexplained(self) -> float:
        """Return how much has no name as a share of all that was moved."""
        nameless = sum(abs(item.amount) for item in self.items if item.cause == UNEXPLAINED)
        left = nameless + abs(self.rest)
        return left / max(self.moved, left) if left else 0.0

    def moved_by(self, cause: str) -> float:
        """Return how much of all that was moved a cause did."""
        whole = self.moved
        part = sum(abs(item.amount) for item in self.items if item.cause == cause)
        return part / whole if whole else 0.0

    def orders(self, cause: str) -> int:
        """Return how many orders a cause touched."""
        return len({item.key or item.time for item in self.items if item.cause == cause})


class _Lot:
    """Quantity by which the live position differs from the twin's, since one root cause."""

    def __init__(self, part: Part, change: int, cause: str, what: str) -> None:
        self.fill, self.left, self.quantity = part.fill, change, change
        self.cause, self.what, self.amount = cause, what, 0.0
        self.closed: int | None = None

    def close(self, change: int, price: float, worth: float) -> int:
        """Take up as much of a change against it as there is; return that much, signed."""
        taken = min(abs(change), abs(self.left)) * (1 if change > 0 else -1)
        self.amount -= taken * (price - self.fill.price) * worth
        self.left += taken
        return taken

    @property
    def root(self) -> tuple[str, str]:
        """Return the cause that it began with, and what happened then."""
        return self.cause, self.what.removeprefix(FOLLOWED)

    def told(self) -> GapItem:
        fill = self.fill
        return GapItem(
            self.cause, fill.time, fill.symbol, fill.key, self.quantity, self.amount, self.what
        )


class _Splitter:
    """Walk what either side did alone, in order of time, and value it to where it was closed."""

    def __init__(
        self, sides: tuple[DaySide, DaySide], facts: LiveFacts, matched: Matched,
        marks: Mapping[str, Mark],
    ) -> None:  # fmt: skip
        (self._live, self._twin), self._facts = sides, facts
        self._matched, self._marks = matched, marks
        self._lots: dict[str, list[_Lot]] = {}
        self._done: list[_Lot] = []
        self._roots: dict[str, tuple[str, str]] = {}
        times = [(pair.live.fill, pair.twin.fill.time) for pair in matched.pairs]
        self._late = facts.unheard + [
            (fill.symbol, min(fill.time, ts), max(fill.time, ts))
            for fill, ts in times
            if fill.time != ts
        ]
        self._partners = {pair.live.fill.key for pair in matched.pairs}
        self._partners |= {pair.twin.fill.key for pair in matched.pairs}

    def walk(self, ends: tuple[Ends, Ends], *, at_mid: bool) -> None:
        """Go through the day, then close what is left at its end."""
        parts = [(part.fill.time, 0, part) for part in self._matched.live]
        parts += [(part.fill.time, 1, part) for part in self._matched.twin]
        for _, side, part in sorted(parts, key=lambda each: each[:2]):
            self._take(part, is_live=side == 0)
        for symbol, lots in self._lots.items():
            ours, theirs = (end.get(symbol, FLAT).quantity for end in ends)
            mark = self._marks[symbol]
            whole = ours - theirs
            if not whole:
                continue
            worth = ours * mark_price(ours, mark, at_mid=at_mid)
            worth -= theirs * mark_price(theirs, mark, at_mid=at_mid)
            for lot in lots:
                lot.close(-lot.left, worth / whole, mark.worth)

    def _take(self, part: Part, *, is_live: bool) -> None:
        """Let a part close what is open of earlier causes; what is left of it is one of its own."""
        fill, change = part.fill, part.quantity if is_live else -part.quantity
        fee = (-1 if is_live else 1) * fill.commission / abs(fill.quantity)
        lots = self._lots.setdefault(fill.symbol, [])
        while change and lots and (lots[0].left > 0) != (change > 0):
            taken = lots[0].close(change, fill.price, self._marks[fill.symbol].worth)
            lots[0].amount += fee * abs(taken)
            change -= taken
            if not lots[0].left:
                lots.pop(0).closed = fill.time
        if change:
            cause, what = self._judge(part, is_live=is_live)
            if not what.startswith(FOLLOWED):
                self._roots[fill.symbol] = cause, what
            lot = _Lot(part, change, cause, what)
            lot.amount += fee * abs(change)
            lots.append(lot)
            self._done.append(lot)

    def _judge(self, part: Part, *, is_live: bool) -> tuple[str, str]:
        """Return why one side did alone what did not close anything from before."""
        found = (
            self._act(part)
            or self._fate(part, is_live=is_live)
            or self._missed(part, is_live=is_live)
        )
        if found is None and (root := self._root(part)):
            found = root[0], FOLLOWED + root[1]
        return found or (UNEXPLAINED, f"{'live' if is_live else 'twin'} alone: {part.fill.kind}")

    def _act(self, part: Part) -> tuple[str, str] | None:
        """Return what a hand, or the venue, did to the order or to the stops of its position."""
        fill, facts = part.fill, self._facts
        if fill.kind == MANUAL:
            return MANUAL, "closed or traded by hand"
        act = facts.touched(fill.symbol, part.held.since, fill.time)
        act = act if fill.kind in EXITS else facts.order_act(fill.key)
        if act is not None:
            return MANUAL, act.what.replace("_", " ")
        if fill.kind in EXITS and part.held.opener in facts.widened:
            return REJECT, "the venue moved the stop away"
        return None

    def _fate(self, part: Part, *, is_live: bool) -> tuple[str, str] | None:
        """Return what became of the same order on the other side."""
        fill = part.fill
        if fill.kind in EXITS:
            return None
        if is_live:
            is_raced = fill.key in self._twin.cancelled
            return (LATENCY, "filled before it could be cancelled") if is_raced else None
        if ending := self._ending(fill):
            return REJECT, ending
        is_under_way = fill.kind == "market" and fill.key in self._facts.sent
        return (LATENCY, "not filled before the day ended") if is_under_way else None

    def _missed(self, part: Part, *, is_live: bool) -> tuple[str, str] | None:
        """Return whether it acted on what the other side never saw."""
        fill, facts = part.fill, self._facts
        if facts.missed_quote(fill.symbol, fill.time):
            return MISSED, f"{'twin' if is_live else 'live'} saw no such quote"
        if fill.kind not in EXITS and facts.missed_bar(fill.symbol, fill.decided):
            return MISSED, OTHER_BAR
        return None

    def _root(self, part: Part) -> tuple[str, str] | None:
        """Return what began the difference that a part follows from, though it was closed since.

        An order follows where it was decided on another position or with another memory, an exit
        where the position that it closes was opened by an order of one side alone.
        """
        fill, symbol = part.fill, part.fill.symbol
        if fill.kind in EXITS:
            return self._roots.get(symbol) if part.held.opener not in self._partners else None
        if root := self._open_between(symbol, fill.decided, fill.decided):
            return root
        apart = self._facts.apart_since(symbol, fill.decided)
        if apart is None:
            return None
        if self._facts.missed_bar(symbol, apart[1]):
            return MISSED, OTHER_BAR
        return self._open_between(symbol, *apart) or self._roots.get(symbol)

    def _open_between(self, symbol: str, start: int, end: int) -> tuple[str, str] | None:
        """Return why the positions of a symbol differed at some time of a span."""
        for lot in reversed(self._done):
            is_past = lot.closed is not None and lot.closed < start
            if lot.fill.symbol == symbol and lot.fill.time <= end and not is_past:
                return lot.root
        for named, first, last in self._late:
            if named == symbol and first <= end and last >= start:
                return LATENCY, "decided while an order was under way"
        return None

    def _ending(self, fill: DayFill) -> str:
        """Return why the live order did not fill, or not wholly; empty where nothing says so."""
        facts = self._facts
        if fill.key in facts.endings:
            return facts.endings[fill.key].reason
        for ending in facts.endings.values():
            if (ending.symbol, ending.decided) == (fill.symbol, fill.decided) and fill.decided:
                return ending.reason
        return ENDED_SHORT if fill.key in self._partners else ""

    def items(self) -> list[GapItem]:
        """Return what was found of both."""
        alone = [lot.told() for lot in self._done]
        found = [item for pair in self._matched.pairs for item in self._weigh(pair)] + alone
        return [*found, *self._convert_alone()]

    def _convert_alone(self) -> Iterator[GapItem]:
        """Yield what the rate made of profits that one side took alone."""
        for side, parts in ((1, self._matched.live), (-1, self._matched.twin)):
            for part in parts:
                if amount := side * part.fill.conversion * part.share:
                    fill = part.fill
                    yield GapItem(
                        CONVERSION, fill.time, fill.symbol, fill.key, part.quantity, amount, AT_END
                    )

    def _weigh(self, pair: Pair) -> list[GapItem]:
        """Return what a fill of the live side cost more than the twin's."""
        ours, theirs, quantity = pair.live.fill, pair.twin.fill, pair.live.quantity
        here = self._live.touch_at(ours)
        there = self._twin.touch_at(theirs)
        between = self._first_seen(ours, theirs)
        side = 1 if quantity > 0 else -1
        slipped = (ours.price - here.mid - side * here.half) - (
            theirs.price - there.mid - side * there.half
        )
        moved = between.mid - there.mid if between else 0.0
        worth = -quantity * self._marks[ours.symbol].worth
        fee = theirs.commission * pair.twin.share - ours.commission * pair.live.share
        rate = ours.conversion * pair.live.share - theirs.conversion * pair.twin.share
        late = (ours.time - theirs.time) / 1e9
        found = (
            (MISSED, moved * worth, "acted on the next quote that it saw"),
            (LATENCY, (here.mid - there.mid - moved) * worth, f"filled {late:+.3f} s"),
            (SPREAD, side * (here.half - there.half) * worth, "the spread of its moment"),
            (SLIPPAGE, slipped * worth, f"{side * slipped:+.1f} points beyond the quote"),
            (COMMISSION, fee, ""),
            (CONVERSION, rate, AT_END),
        )  # fmt: skip
        return [
            GapItem(cause, ours.time, ours.symbol, ours.key, quantity, amount, what)
            for cause, amount, what in found
            if abs(amount) > 1e-9
        ]

    def _first_seen(self, ours: DayFill, theirs: DayFill) -> Touch | None:
        """Return the first quote that the live side saw after one of the twin that it missed."""
        if not self._facts.missed_quote(theirs.symbol, theirs.time):
            return None
        line = self._live.touches[ours.symbol]
        seen = line.next_time(theirs.time)
        return line.at(min(seen, ours.time)) if seen is not None else None


def split_day(
    sides: tuple[DaySide, DaySide], facts: LiveFacts, opening: DayOpening,
    marks: Mapping[str, Mark], *, at_mid: bool = False,
) -> TwinSplit:  # fmt: skip
    """Return why a live day earned another profit than its twin; the sides are live and twin.

    A price that both sides paid differs by the mid between both moments (latency), the half-spread
    and what lies beyond the quote (slippage). What one side did alone is valued to where the
    difference of positions was closed, whatever closed it, and belongs to what began it. All of
    that is at the rate of the day's end; what profits were at that of their moment is conversion.
    """
    live, twin = (
        replace(side, fills=[*weigh_conversion(side.fills, opening.positions, marks)])
        for side in sides
    )
    matched = match_fills(live.fills, twin.fills, facts, opening.positions)
    ends = _end(live, opening), _end(twin, opening)
    splitter = _Splitter((live, twin), facts, matched, marks)
    splitter.walk(ends, at_mid=at_mid)
    items = splitter.items()
    items += [
        GapItem(MANUAL, one.time, one.symbol, one.ticket, 0, one.amount, "traded by others")
        for one in facts.foreign
    ]
    for symbol in sorted({*live.swaps, *twin.swaps}):
        nights = live.swaps.get(symbol, 0) - twin.swaps.get(symbol, 0)
        if nights:
            items.append(GapItem(SWAP, 0, symbol, 0, 0, nights, "nights"))
    foreign = sum(one.amount for one in facts.foreign)
    profits = [
        _profit(side, end, marks, at_mid=at_mid) - opening.floating
        for side, end in zip(sides, ends, strict=True)
    ]
    gap = profits[0] + foreign - profits[1]
    amounts = {
        cause: round(sum(item.amount for item in items if item.cause == cause)) for cause in CAUSES
    }
    amounts[UNEXPLAINED] += gap - sum(amounts.values())
    items.sort(key=lambda item: item.time)
    rest = gap - sum(item.amount for item in items)
    return TwinSplit(profits[0] + foreign, profits[1], amounts, items, rest)


def _end(side: DaySide, opening: DayOpening) -> dict[str, Position]:
    return trace_positions(side.fills, opening.positions)[1]


def _profit(side: DaySide, end: Ends, marks: Mapping[str, Mark], *, at_mid: bool) -> int:
    realised = sum(fill.profit - fill.commission for fill in side.fills)
    floating = sum(
        round(float_worth(held, marks[symbol], at_mid=at_mid))
        for symbol, held in end.items()
        if held.quantity
    )
    return realised + sum(side.swaps.values()) + floating
