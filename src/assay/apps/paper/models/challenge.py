"""Who follows beside the one that serves: whom a start names, then whom an order does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assay.apps.lab.champions.serving import digest_model
from assay.apps.paper.control.orders import (
    CHALLENGE,
    Answer,
    Challenged,
    ControlOrder,
    answer_order,
)
from assay.apps.paper.models.shadow import Shadow
from assay.apps.paper.trader.cursor import Ordered, Shadowing
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.model.messages import Message
from assay.runtime.home import Home
from assay.runtime.logs import Logger


class Challenge:
    """Let a challenger follow a run, or end, by what `assay up` and orders say, the last word.

    `named` is whom the start asks for, '' for nobody. An order is carried out between two events,
    in one commit with the cursor, so a kill leaves all of it or none, and then the order waits.
    """

    def __init__(
        self, home: Home, named: str, trader: PaperTrader, log: Logger,
        on_changed: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._named, self._trader, self._log, self._on_changed = named, trader, log, on_changed
        self.shadow: Shadow | None = None
        self._coming: Shadow | None = None
        self._since = 0
        ordered = trader.ordered
        if ordered is not None and ordered.start != named:
            trader.ordered = ordered = None
        if ordered is not None and ordered.model:
            self.shadow = self._follow(ordered.model, ordered.digest)
        elif ordered is None and named:
            self.shadow = self._follow(named, digest_model(home.path / "models", named))
        else:
            trader.shadowing = Shadowing()

    @property
    def model(self) -> str:
        """Return who follows, '' where nobody does."""
        return "" if self.shadow is None or self.shadow.ended else self.shadow.model

    def hear(self, answers: Sequence[Message]) -> None:
        """Note what an event showed."""
        for each in (self.shadow, self._coming):
            if each is not None:
                each.hear(answers)
        if self.shadow is not None and self.shadow.is_pressed:
            self.shadow.catch_up()

    def catch_up(self) -> None:
        """Let the challenger forecast every bar that waits."""
        if self.shadow is not None:
            self.shadow.catch_up()

    def look(self, orders: Sequence[tuple[Path, ControlOrder]]) -> None:
        """Go on with the oldest of the orders to challenge."""
        for path, order in orders:
            if order.action == CHALLENGE and order.challenged is not None:
                told = order.challenged
                answer = self._begin(told) if told.model else self._end(order)
                if answer is not None:
                    self._coming = None
                    answer_order(path, answer)
                return

    def _follow(self, model: str, digest: str) -> Shadow:
        def tell(fault: str) -> None:
            self._log.error(f"challenger {model} does not follow: {fault}")
            self._on_changed()

        return Shadow(self._trader, model, digest, tell)

    def _begin(self, told: Challenged) -> Answer | None:
        trader = self._trader
        if self.model == told.model:
            return Answer(True, f"{told.model} follows already")
        if self.model:
            return Answer(False, f"{self.model} follows; `assay models challenge --end` ends that")
        if trader.model == told.model:
            return Answer(False, f"{told.model} serves itself")
        if self._coming is None:
            self._since = trader.next + 1
            self._coming = self._follow(told.model, told.digest)
        coming, before = self._coming, trader.ordered
        if not coming.is_ready:
            return None
        trader.ordered = Ordered(self._named, told.model, told.digest)
        coming.catch_up()
        if coming.ended:
            trader.ordered = before
            return Answer(False, f"{told.model} cannot follow: {coming.ended}")
        self.shadow = coming
        trader.commit()
        self._on_changed()
        return Answer(True, f"{told.model} follows {trader.model} from event {self._since:,} on")

    def _end(self, order: ControlOrder) -> Answer:
        trader, model = self._trader, self.model
        if self.shadow is None or not model:
            return Answer(True, "no challenger follows")
        self.shadow.catch_up()
        if not self.shadow.ended:
            self.shadow.end(order.reason or "ordered", order.by)
        self.shadow, trader.ordered = None, Ordered(self._named)
        trader.commit(with_snapshot=True)
        self._on_changed()
        return Answer(True, f"{model} follows no more from event {trader.next + 1:,} on")
