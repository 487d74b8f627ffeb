"""A day at a terminal on which things go wrong by plan, each in a swing of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec

from assay.apps.lab.twins.days import DaySpan
from assay.apps.lab.twins.journaldesk import LiveTrail
from assay.apps.lab.twins.quotes import follow_ticks
from assay.apps.lab.twins.rerun import DayRerun, rerun_day
from assay.model.accounts import CommissionSchedule
from assay.model.messages import Tick
from assay.model.time import HOUR, SECOND
from assay.trading.terminal import load_profile
from assay.trading.terminal.profile import Slippage
from tests.sim.venue_desk import DIGITS, Life, VenueDesk
from tests.unit.trading.mt5.rig import TUESDAY, Rig

EVER = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))

STRATEGIES = Path(__file__).with_name("strategies")
EURUSD, UNITS = "EURUSD", 10_000
BASE, SPREAD, DRIFT = 110_000, 10, 20
STEPS, ENTRY, EXIT = 12, 0, 6
"""Quotes of a swing, three a minute; the one that closes the bar of its entry, and of its exit."""
POINT = 10.0
"""Cents that a point of the whole position is worth."""
SPAN = DaySpan(TUESDAY - HOUR, TUESDAY + 12 * HOUR)
Act = Callable[["TwinDay"], object]


class DealTold(NamedTuple):
    """Hold a deal as the terminal has it: points, signed units, and cents."""

    price: int
    units: int
    profit: int
    commission: int


Deals = Sequence[DealTold]


@dataclass(frozen=True)
class Swing:
    """Say what befalls one swing of four minutes, in and out, and what of it the twin must say.

    `acts` are done before the quote of a step is traded on, `late` are steps at whose end nothing
    is carried to the terminal, `quotes` are (bid, spread) other than usual and `after` how many
    seconds they come after the one before. What is `unseen` is quoted, and the platform never hears
    of it; what is `unquoted` the terminal does not, either. `depth` is what the entry's quote
    offers, in hundred-millionths of a lot. The cents `expected` follow from the terminal's deals.
    """

    cause: str
    name: str
    acts: Mapping[int, Act] = field(default_factory=dict)
    quotes: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    after: Mapping[int, int] = field(default_factory=dict)
    depth: int = 0
    late: frozenset[int] = frozenset()
    unseen: frozenset[int] = frozenset()
    unquoted: frozenset[int] = frozenset()
    expected: Callable[[Deals], float] = lambda _: 0.0


class TwinDay:
    """Trade a pendulum through a day of swings, by turns long and short.

    One that is daring has its stop so many points away, and enters after bars as wide.
    """

    def __init__(self, path: Path, *, currency: str = "USD", daring: int = 0) -> None:
        params = {"units": str(UNITS)}
        if daring:
            params |= {"stop": str(daring), "wildest": str(daring)}
        (account, *_) = load_profile("netting").accounts
        rig = Rig(accounts=(msgspec.structs.replace(account, currency=currency),))
        self.desk = VenueDesk(path, strategy="pendulum", params=params, rig=rig)
        folder = self.desk.home.folder("strategies")
        shutil.copy(STRATEGIES / "pendulum.py", folder / "pendulum.py")
        self.heard: list[Tick] = []
        self.began: list[tuple[Swing, int, int]] = []
        self.life: Life = self.desk.start()
        self._swings = 0

    @property
    def side(self) -> int:
        """Return 1 in a swing that is long, -1 in one that is short."""
        return 1 if self._swings % 2 == 0 else -1

    def warm_up(self) -> None:
        """Make the bar before the first swing."""
        for _ in range(2):
            self._quote(BASE, SPREAD, Swing("", ""), -1)
            self.life.turn()

    def swing(self, plan: Swing) -> None:
        """Let one swing of four bars pass as it is planned."""
        self.began.append((plan, self.desk.rig.now, self.side))
        for step in range(STEPS):
            usual = BASE + (DRIFT if step >= EXIT else 0), SPREAD
            bid, spread = plan.quotes.get(step, usual)
            self._quote(bid, spread, plan, step)
            if act := plan.acts.get(step):
                act(self)
            if step in plan.late:
                self.life.listen()
            else:
                self.life.turn()
        self._swings += 1

    def finish(self) -> None:
        """Show one more quote, and trade on what is left."""
        self._quote(BASE, SPREAD, Swing("", ""), -1)
        self.life.turn()
        self.life.turn()
        self.life.end()
        self.desk.close()

    def _quote(self, bid: int, spread: int, plan: Swing, step: int) -> None:
        desk, rig = self.desk, self.desk.rig
        after = plan.after.get(step, 20) * SECOND
        if step in plan.unseen or step in plan.unquoted:
            rig.pass_time(after)
            if step in plan.unseen:
                rig.quote(EURUSD, bid, bid + spread)
            desk.clock.advance_to(rig.now)
        else:
            desk.quote(EURUSD, bid, spread, after=after)
        if step == ENTRY and plan.depth:
            rig.quote(EURUSD, bid, bid + spread, depth=plan.depth)
        tick = Tick(
            id=1, ts_event=rig.now, ts_init=rig.now, symbol=EURUSD, bid=bid, ask=bid + spread
        )
        self.heard.append(tick)

    def deals(self, start: int, end: int) -> list[DealTold]:
        """Return the deals of the terminal between two times."""
        shown = self.desk.rig.terminal.history_deals_get(*EVER) or ()
        offset = self.desk.rig.settings.clock.offset_s * SECOND
        return [
            DealTold(
                round(each.price * 10 ** DIGITS[each.symbol]),
                round(each.volume * 100_000) * (1 if each.type == 0 else -1),
                round(each.profit * 100), round(each.commission * 100),
            )
            for each in shown
            if each.type in (0, 1) and start <= each.time_msc * 1_000_000 - offset < end
        ]  # fmt: skip

    def rerun(
        self, span: DaySpan = SPAN, *, with_record: bool = False, per_lot: str = "0"
    ) -> DayRerun:
        """Return the day and its twin, which sees all that was quoted or what the journal holds."""
        _, setup = self.desk.setup()
        heard = [*follow_ticks(self.heard, {EURUSD: DIGITS[EURUSD]})] if with_record else None
        fees = CommissionSchedule(mode="per_lot", rate=Decimal(per_lot))
        return rerun_day(LiveTrail(setup, fees), self.desk.log.messages, span, heard)


def ticket(day: TwinDay) -> int:
    """Return what the terminal calls our position."""
    positions = day.desk.rig.terminal.positions_get()
    assert positions
    return positions[0].ticket


def slips(points: int, favourable: int = 0) -> Act:
    """Return what lets fills lie so far beyond the quote on average."""
    terms = Slippage(points=Decimal(points), favourable=Decimal(favourable))
    return lambda day: day.desk.rig.hand.change_terms(EURUSD, slippage=terms)


def answers(*retcodes: int) -> Act:
    """Return what lets the next requests be answered so."""

    def script(day: TwinDay) -> None:
        for retcode in retcodes:
            day.desk.rig.hand.answer_next(retcode)

    return script


def trades_gold(bid: int, lots: float) -> Act:
    """Return what lets the user trade another symbol at a price."""

    def trade(day: TwinDay) -> None:
        day.desk.rig.quote("XAUUSD", bid, bid + 30)
        day.desk.rig.hand.trade("XAUUSD", lots)

    return trade


def closes(lots: float | None = None) -> Act:
    """Return what closes our position by hand, or some lots of it."""
    return lambda day: day.desk.rig.hand.close(ticket(day), lots)


def edits(stop: int) -> Act:
    """Return what moves the stop of our position by hand; 0 removes it."""
    return lambda day: day.desk.rig.hand.edit(ticket(day), stop / 100_000, 0.0)


def switches(on: bool) -> Act:
    """Return what lets the broker allow trading, or not."""
    return lambda day: day.desk.rig.hand.switch_trading(on)
