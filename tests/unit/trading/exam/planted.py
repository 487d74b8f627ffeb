"""Brokers with planted properties, markets that show them, and an exam on them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from assay.model.time import DAY, HOUR, MINUTE, SECOND, parse_time
from assay.runtime.ids import seeded_generator
from assay.trading.exam.plan import ExamPlan
from assay.trading.exam.record import ExamRecord
from assay.trading.exam.sitting import Sitting
from assay.trading.terminal import BrokerProfile, Quote, SimulatedTerminal
from assay.trading.terminal.profile import AccountTerms, Latency, Slippage, SymbolTerms
from assay.trading.terminal.wallclock import WallClock

FIRST = parse_time("2019-03-01T15:00:00")
"""A Friday: weeks from here on hold New York's change of clocks and, four weeks later, Europe's."""
SITS = parse_time("2019-03-31T22:30:00")
BEFORE = 5 * MINUTE
"""How far quotes are apart before the exam: for spreads and clocks that is enough."""


class MarketClock:
    """Go by a terminal's own time, in the same program."""

    def __init__(self, terminal: SimulatedTerminal) -> None:
        self._terminal = terminal

    def now_ns(self) -> int:
        return self._terminal.now

    def wait_until(self, ns: int) -> None:
        self._terminal.advance(ns)


def plant_spreads(seed: int, tight: tuple[int, int], wide: tuple[int, int]) -> tuple[Decimal, ...]:
    """Return a spread for each hour of a week, in every third hour a wide one."""
    drawn = seeded_generator(seed)
    return tuple(
        Decimal(int(drawn.integers(*(wide if hour % 3 == 2 else tight)))) for hour in range(168)
    )


def planted_broker(
    symbol: SymbolTerms, *, seed: int, margin_mode: str = "netting", zone: str = "NY+7",
    latency: tuple[str, str] = ("60", "0.5"), requotes: str = "0", **others: object,
) -> BrokerProfile:  # fmt: skip
    """Return a broker of one symbol and a rich demo account."""
    account = AccountTerms(
        login=4_711, margin_mode=margin_mode, deposit=Decimal(1_000_000), leverage=200,  # type: ignore[arg-type]
        margin_call=Decimal(80), stopout=Decimal(30),
    )  # fmt: skip
    return BrokerProfile(
        name=f"planted-{seed}", server=f"Planted-{seed}", company="Planted", zone=zone,
        accounts=(account,), symbols=(symbol,),
        latency=Latency(median_ms=Decimal(latency[0]), sigma=Decimal(latency[1])),
        requote_chance=Decimal(requotes), **others,  # type: ignore[arg-type]
    )  # fmt: skip


def plant_symbol(name: str, slippage: tuple[str, str, str, str], **terms: object) -> SymbolTerms:
    """Return EURUSD under a name; slippage is points, share of the spread, stops, favourable."""
    points, part, stops, lucky = map(Decimal, slippage)
    given: dict[str, object] = {
        "name": name, "path": f"Forex\\{name}", "description": "Euro vs US Dollar",
        "currency_base": "EUR", "currency_profit": "USD", "digits": 5,
        "slippage": Slippage(
            points=points, spread_share=part, stop_factor=stops, favourable=lucky
        ),
    }  # fmt: skip
    return SymbolTerms(**(given | terms))  # type: ignore[arg-type]


def quotes(
    profile: BrokerProfile, *, seed: int, end: int, step: int, moves: float = 12.0
) -> Iterator[Quote]:
    """Yield a market with the broker's spread of each hour, open when the world's is."""
    terms, server, world = profile.symbols[0], WallClock(profile.zone), WallClock("NY+7")
    drawn, middle = seeded_generator(seed), 110_000
    spreads = [int(each or 0) for each in terms.spreads]
    changes = np.rint(drawn.normal(0, moves, 200_000)).astype(int).tolist()
    jitter = drawn.integers(-1, 2, 200_000).tolist()
    ts, place = FIRST, 0
    while ts < end:
        place += 1
        is_week = world.week_minute(ts) < 5 * 24 * 60
        minute = server.week_minute(ts)
        if is_week and any(first <= minute < last for first, last in terms.sessions):
            middle += changes[place % 200_000]
            half = spreads[minute // 60] + jitter[place % 200_000]
            yield Quote(ts, terms.name, middle, middle + max(1, half))
        ts += step if ts >= SITS - HOUR else BEFORE


def open_terminal(
    profile: BrokerProfile, *, seed: int, step: int, moves: float
) -> SimulatedTerminal:
    """Return a connected terminal of a planted broker, at the moment when the exam sits."""
    feed = quotes(profile, seed=seed, end=SITS + 7 * DAY, step=step, moves=moves)
    terminal = SimulatedTerminal(profile, seed=seed, start=FIRST, feed=feed)
    assert terminal.initialize()
    terminal.advance(SITS)
    return terminal


def plan_of(profile: BrokerProfile, orders: int, **others: object) -> ExamPlan:
    """Return a plan whose lots tell cents apart and which goes fast through the market."""
    given: dict[str, object] = {
        "symbols": (profile.symbols[0].name,), "orders": orders, "money": Decimal(500_000),
        "span": 4 * DAY + 20 * HOUR, "fine_lots": 1.0, "poll": 10 * SECOND, "reach": 3,
    }  # fmt: skip
    return ExamPlan(**(given | others))  # type: ignore[arg-type]


def sit(
    profile: BrokerProfile, orders: int, *, seed: int = 1, step: int = 10 * SECOND,
    moves: float = 12.0,
) -> ExamRecord:  # fmt: skip
    """Sit an exam on a planted broker and return its record."""
    terminal = open_terminal(profile, seed=seed, step=step, moves=moves)
    return Sitting(terminal, MarketClock(terminal), plan_of(profile, orders)).run()
