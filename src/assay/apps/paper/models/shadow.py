"""A challenger beside the champion: it forecasts every bar too, and nobody can trade on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.apps.paper.models.understudy import Understudy
from assay.apps.paper.trader.cursor import Shadowing
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.producers import SHADOW
from assay.model.errors import InvariantError
from assay.model.messages import (
    ChallengerEntered,
    ChallengerLeft,
    FeaturesReady,
    Message,
    Predicted,
    ShadowPredicted,
)
from assay.runtime.ids import COUNTER_BITS

PATIENCE = 4
"""Messages a symbol, of two bars, that may wait for a pause of the market, then for none."""
_KINDS = ("BarClosed", "FeaturesReady")
_FIELDS = tuple(name for name in ShadowPredicted.__struct_fields__ if name not in ("id", "cause"))


class Shadow:
    """Show a challenger every bar that the trader has handled, and record what it says of it.

    Its forecasts follow from the bars alone, whenever they are made: one that a crash lost is made
    again. They are no answers of the platform, so no replay needs them and no order hangs on them.
    """

    def __init__(
        self, trader: PaperTrader, model: str, digest: str,
        on_fault: Callable[[str], None] = lambda _fault: None,
    ) -> None:  # fmt: skip
        candidates = trader.candidates
        if candidates is None:
            raise InvariantError(f"{model} is to follow a run that trades by no model")
        self.model, self._digest, self._trader = model, digest, trader
        found = trader.shadowing
        self._has_entered = found.model == model
        if not self._has_entered:
            trader.shadowing = Shadowing()
            found = Shadowing(model, trader.position, trader.next)
        missed = [each.message for each in trader.recorded(found.position, _KINDS)]
        self.ended = ""
        self._on_fault = on_fault
        self._understudy = Understudy(lambda: candidates.prepare(model, digest, found.shown))
        self._understudy.hear(missed)

    @property
    def timings(self) -> Sequence[int]:
        """Return what its last forecasts took, in nanoseconds."""
        return self._understudy.timings

    @property
    def is_ready(self) -> bool:
        """Say whether it can forecast, or has ended, so that nobody needs to wait for it."""
        return bool(self.ended or self._understudy.fault) or self._understudy.is_ready

    @property
    def is_pressed(self) -> bool:
        """Say whether it should forecast though the market makes no pause."""
        return self._understudy.waiting >= PATIENCE * len(self._trader.setup.symbols)

    def hear(self, answers: Sequence[Message]) -> None:
        """Note what an event showed."""
        if not self.ended:
            self._understudy.hear(answers)

    def catch_up(self) -> None:
        """Forecast every bar that waits, for the next commit to record; nothing before it can.

        One that cannot follow says so once, and the trading goes on without it; one that serves by
        now is no challenger any more.
        """
        if self.ended:
            return
        if self._understudy.fault:
            self._fail(self._understudy.fault)
        elif self._trader.model == self.model:
            self._fail("it serves by now")
        elif self._understudy.is_ready:
            try:
                self._forecast()
            except Exception as error:  # whatever breaks it, the one that serves goes on
                self._fail(f"{type(error).__name__}: {error}")

    def end(self, reason: str, by: str = "") -> None:
        """Follow no more, and let the next commit record that."""
        self.ended, self._trader.shadowing = reason, Shadowing()
        if self._has_entered:
            left = ChallengerLeft(
                id=0, ts_event=0, ts_init=0, model=self.model, by=by, reason=reason
            )
            self._trader.note([self._trader.sign(left)])

    def _fail(self, fault: str) -> None:
        self.end(fault)
        self._on_fault(fault)

    def _forecast(self) -> None:
        trader = self._trader
        told = [_shadow_of(ready, predicted) for ready, predicted in self._understudy.catch_up()]
        if not self._has_entered:
            self._has_entered = True
            entered = ChallengerEntered(
                id=0, ts_event=0, ts_init=0, model=self.model, digest=self._digest
            )
            trader.note([trader.sign(entered)])
        trader.note(told)
        trader.shadowing = Shadowing(self.model, trader.position, trader.next)

    def join(self) -> None:
        """Wait until it is ready or has failed."""
        self._understudy.join()


def _shadow_of(ready: FeaturesReady, predicted: Predicted) -> ShadowPredicted:
    # The counter is that of the bar, so that a forecast made again has the same id.
    number = ready.cause & ((1 << COUNTER_BITS) - 1)
    told = {name: getattr(predicted, name) for name in _FIELDS}
    return ShadowPredicted(id=(SHADOW << COUNTER_BITS) | number, cause=ready.cause, **told)
