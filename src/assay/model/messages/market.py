"""Market: what the feed said."""

from msgspec import UNSET, Struct, UnsetType

from assay.model.messages.envelope import Message


class Tick(Message, frozen=True, kw_only=True):
    """Carry one quote in integer points; sizes are None where the source has none.

    `confirmed` says whether a second source shows that price, where there are several.
    """

    symbol: str
    bid: int
    ask: int
    bid_size: float | None = None
    ask_size: float | None = None
    confirmed: bool | UnsetType = UNSET


class QuoteFlow(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Carry what the quotes inside a bar did, as docs/microstructure.md tells; None if unknown."""

    quotes: int
    mid_squares: int | None
    order_flow: int | None
    bid_depth: int | None
    ask_depth: int | None
    bid_depths: int | None
    ask_depths: int | None


class BarClosed(Message, frozen=True, kw_only=True):
    """Carry one finished bar; `ts_event` is its close, prices are bid points.

    The ask at each of open, high, low and close is the bid plus that spread. `has_ticks` says that
    the ticks inside the bar went before it, so that orders were already matched on them. `flow` is
    there where the bar was made of quotes and somebody reads it.
    """

    symbol: str
    timeframe: int
    ts_open: int
    open: int
    high: int
    low: int
    close: int
    spread_open: int
    spread_high: int
    spread_low: int
    spread_close: int
    volume: float | None = None
    has_ticks: bool = False
    flow: QuoteFlow | UnsetType = UNSET


class BarSetClosed(Message, frozen=True, kw_only=True):
    """Carry which of several instruments closed their bar at `ts_close`, and who is missing.

    `bars` are the ids of the bars of `symbols`, in that order. `ts_event` is the close where all
    are there, else when that was clear: at the deadline, or at a later close of all. `late` names
    the symbols of bars that came after their own set, since the last one told.
    """

    timeframe: int
    ts_close: int
    symbols: tuple[str, ...]
    bars: tuple[int, ...]
    missing: tuple[str, ...] = ()
    late: tuple[str, ...] = ()


class QuoteRejected(Message, frozen=True, kw_only=True):
    """Carry a quote that a quality rule kept out, with the rule's name."""

    symbol: str
    rule: str
    bid: int
    ask: int


class SourceSwitched(Message, frozen=True, kw_only=True):
    """Carry that a symbol's quotes come from another source from here on, empty for none.

    `reason` is unlinked, silent, suspect, disputed, or returned.
    """

    symbol: str
    source: str
    before: str
    reason: str


class SourceSuspected(Message, frozen=True, kw_only=True):
    """Carry that a source's quotes of a symbol are believed no more, or again.

    `departure` is how far (points) the farthest lies off the others, `tolerance` how far it may.
    """

    symbol: str
    source: str
    suspected: bool
    departure: int
    tolerance: int


class SourceSkewed(Message, frozen=True, kw_only=True):
    """Carry that the clock that stamps a source's quotes of a symbol is off, or right again.

    `offset` (ns) is how far it is ahead of the clock of `beside`, below 0 for behind; `beside` is
    another source, or the source itself where it left the time that it kept before.
    """

    symbol: str
    source: str
    skewed: bool
    offset: int
    beside: str


class QuotesDisputed(Message, frozen=True, kw_only=True):
    """Carry that sources differ by so many points and none can be believed, or that it is over."""

    symbol: str
    disputed: bool
    departure: int
