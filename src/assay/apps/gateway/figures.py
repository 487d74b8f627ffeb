"""What the page is sent of an account's performance, and of its days beside their twins."""

from __future__ import annotations

import msgspec


class _View(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Figure(_View):
    """Hold a figure with its 95 % interval; None where it is undefined or the days are too few."""

    value: float | None
    lower: float | None
    upper: float | None


class Ratios(_View):
    """Hold ratios of daily returns, a year."""

    annual_return: Figure
    volatility: Figure
    sharpe: Figure
    sortino: Figure
    calmar: Figure


class Exposure(_View):
    """Hold the shares of the time in which something was held, long, short."""

    held: float
    long: float
    short: float


class Costs(_View):
    """Hold the result at mid prices, what was paid, and for what; a positive swap is a gain."""

    market: float
    spread_cost: float
    slippage_cost: float
    commission: float
    swap: float
    paid: float


class ScoreBin(_View):
    """Hold the entries between two probabilities: how many, what they said, what came."""

    lower: float
    upper: float
    entries: int
    said: float
    came: float


class EntryScore(_View):
    """Hold how entries came out against the probability that they were made with."""

    entries: int
    said: float
    came: float
    brier: float
    log_loss: float
    bins: tuple[ScoreBin, ...]


class NetPoint(_View):
    """Hold the net result of all trades closed until a time."""

    time: int
    net: float


class Course(_View):
    """Hold how a part went: deepest fall of its net result, Sharpe ratio, share of time held."""

    drawdown: float
    sharpe: Figure
    held: float | None
    points: tuple[NetPoint, ...]


class PerformancePart(_View):
    """Hold what the trades of one symbol, strategy, model, side, hour or day came to."""

    name: str
    trades: int
    net: float
    costs: float
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    course: Course | None


class Performance(_View, rename={"first": "from", "last": "to"}):
    """Hold what an account came to so far, money in its currency, shares as fractions."""

    account: str
    currency: str
    strategy: str
    first: str | None
    last: str | None
    days: int
    cash: float
    equity: float
    net: float
    trades: int
    wins: int
    losses: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    average_win: float | None
    average_loss: float | None
    max_drawdown: float
    sharpe: float | None
    ratios: Ratios
    exposure: Exposure | None
    costs: Costs
    decisions: EntryScore | None
    by: str
    parts: tuple[PerformancePart, ...]


class PerformancePage(_View):
    """Answer GET /api/performance: figures up to the journal's place `position`.

    Not `complete` while more of the journal waits to be read: ask again.
    """

    position: int
    complete: bool
    now: Performance


class TwinCause(_View):
    """Hold what one cause made of a day's gap, and how many orders it touched."""

    cause: str
    amount: float
    orders: int


class TwinDay(_View):
    """Hold what the account earned on a day beside the same day run again, and why.

    `share` is the gap, whatever its sign, of the equity that the day began with; `above` says that
    it passed the `bound`, `paused` that entries were then held back.
    """

    day: str
    appraised: str
    live: float
    twin: float
    gap: float
    share: float
    bound: float
    above: bool
    paused: bool
    causes: tuple[TwinCause, ...]


class TwinPage(_View):
    """Answer GET /api/twin: the last appraised days, the newest first.

    `held` says why entries are held back by the twin now, empty where they are not.
    """

    position: int
    complete: bool
    held: str
    days: tuple[TwinDay, ...]
