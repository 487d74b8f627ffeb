"""Which model serves a run: the one it goes on with at a start, and whoever is promoted later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assay.apps.lab.champions.serving import Serving, record_fallback
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.control.orders import (
    PROMOTE,
    Answer,
    ControlOrder,
    Promoted,
    answer_order,
    pending_orders,
)
from assay.apps.paper.models.candidates import Candidate, Candidates
from assay.apps.paper.models.champion import market_of
from assay.apps.paper.models.understudy import Understudy
from assay.apps.paper.plan import Plan
from assay.apps.paper.trader.cursor import Cursor
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.books.governance import Scope
from assay.model.errors import AssayError
from assay.model.messages import Message
from assay.runtime.home import Home

Order = tuple[Path, ControlOrder]


def go_on_with(home: Home, plan: Plan, cursor: Cursor | None, candidates: Candidates) -> Setup:
    """Return the setup that goes on with the run of a cursor, where its model is not the plan's.

    So it is after a promotion since `assay up` began, which the trader alone has heard of, and
    where one was ordered and not carried out. Else a plan with another model begins a run.
    """
    setup, identify = candidates.setup, candidates.identify
    if not plan.follows or cursor is None or cursor.setup == identify(setup):
        return setup
    named = [cursor.model] if cursor.line > plan.lines else []
    for _, order in pending_orders(home):
        if order.promoted is not None:
            named += [cursor.model, order.promoted.before]
    for model in dict.fromkeys(filter(None, named)):
        try:
            dressed = candidates.dress(setup, model)
        except AssayError:
            continue  # then it cannot go on with it
        if identify(dressed) == cursor.setup:
            return dressed
    return setup


class Succession:
    """Carry out orders to promote, one after the other, between two events of the feed.

    The model is made ready beside the trading; what it missed meanwhile it sees at the switch.
    """

    def __init__(
        self, home: Home, plan: Plan, trader: PaperTrader, on_promoted: Callable[[], None]
    ) -> None:
        self._home, self._plan, self._trader = home, plan, trader
        self._on_promoted = on_promoted
        self._understudy: Understudy | None = None

    def hear(self, answers: Sequence[Message]) -> None:
        """Note what an event showed, where somebody is being made ready."""
        if self._understudy is not None:
            self._understudy.hear(answers)

    def look(self, orders: Sequence[Order]) -> None:
        """Go on with the oldest of the orders to promote."""
        for path, order in orders:
            if order.action == PROMOTE and order.promoted is not None:
                answer = self._carry_out(order, order.promoted)
                if answer is not None:
                    self._understudy = None
                    answer_order(path, answer)
                return

    def _carry_out(self, order: ControlOrder, told: Promoted) -> Answer | None:
        trader, obstacle = self._trader, self._find_obstacle(told)
        if obstacle:
            return Answer(False, obstacle)
        if self._trader.model == told.model:
            return Answer(True, f"{told.model} serves already")
        if self._understudy is None:
            place = trader.next
            self._understudy = Understudy(lambda: self._prepare(told, place))
        if self._understudy.fault:
            return Answer(False, f"{self._understudy.fault}; {self._trader.model} trades on")
        if not self._understudy.is_ready:
            return None
        before = self._trader.model
        trader.promote(self._understudy.take_over(), line=told.line, by=order.by)
        self._on_promoted()
        return Answer(
            True, f"{told.model} serves from event {trader.next + 1:,} on, after {before}"
        )

    def _find_obstacle(self, told: Promoted) -> str:
        if not self._plan.follows:
            named = f"{self._trader.model} by --model" if self._trader.model else "without a model"
            return f"this run trades {named}; the champion serves where none is named"
        if scope_of_run(self._plan, self._trader.setup) != _scope_of(told):
            return f"this run trades {scope_of_run(self._plan, self._trader.setup)}"
        return ""

    def _prepare(self, told: Promoted, place: int) -> Candidate:
        assert self._trader.candidates is not None
        try:
            return self._trader.candidates.prepare(told.model, told.digest, place)
        except AssayError as error:
            refused = ((told.model, str(error)),)
            record_fallback(self._home, Serving(_scope_of(told), self._trader.model, refused))
            raise


def scope_of_run(plan: Plan, setup: Setup) -> Scope:
    """Return of what the model of a run is champion."""
    assert setup.forecaster is not None
    timeframe = setup.forecaster.artifact.taught.timeframe
    return Scope(tuple(sorted(setup.symbols)), timeframe, market_of(plan))


def _scope_of(told: Promoted) -> Scope:
    return Scope(told.symbols, told.timeframe, told.market)
