"""Whatever is asked for, each order's messages tell one life, and what is left waits in a slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from assay.kernel.records import FREE
from assay.model.messages import BarClosed, Message, Tick
from assay.runtime.ids import IdSource
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.module import DeskPlan, TradingDesk
from tests.property.order_states import Orders
from tests.property.slow_orders import Event, Wish
from tests.property.test_engine import SCRIPTED, Terms, bars, build, terms, wishes

SYMBOL = "EURUSD"
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def messages_of(events: Sequence[Event]) -> Iterator[BarClosed | Tick]:
    """Yield events as the feed's messages."""
    for place, one in enumerate(events, 1):
        said: dict[str, Any] = {"id": place, "ts_event": one.ts, "ts_init": one.ts}
        if one.is_tick:
            sizes = {"bid_size": one.bid_units or None, "ask_size": one.ask_units or None}
            yield Tick(symbol=SYMBOL, bid=one.close.bid, ask=one.close.ask, **sizes, **said)
            continue
        corners = ("open", "high", "low", "close")
        quotes = {name: getattr(one, name) for name in corners}
        yield BarClosed(
            symbol=SYMBOL, timeframe=one.ts - one.ts_open, ts_open=one.ts_open, **said,
            **{name: quote.bid for name, quote in quotes.items()},
            **{f"spread_{name}": quote.ask - quote.bid for name, quote in quotes.items()},
        )  # fmt: skip


def open_desk(told: Terms, events: Sequence[Event], script: Sequence[Wish]) -> TradingDesk:
    """Return a desk whose strategy follows the script."""
    wanted = [wish for one, wish in zip(events, script, strict=True) if not one.is_tick]
    plan = DeskPlan(
        symbols=[SYMBOL], digits=[told.contracts[0].digits], accounts=[told.account],
        strategy=load_strategy("scripted", SCRIPTED),
    )  # fmt: skip
    world = build(told, [wanted], events[-1].ts)
    return TradingDesk(plan=plan, world=world, next_id=IdSource(2).next)


def waiting(desk: TradingDesk) -> list[int]:
    """Return what is left of each order that waits in a slot."""
    slots = desk.world.orders[0, 0]
    return sorted(int(slot["quantity"]) for slot in slots if slot["state"] != FREE)


@QUICK
@given(st.data())
def test_every_order_lives_once(data: st.DataObject) -> None:
    events = data.draw(bars([SYMBOL]))
    if not events:
        return
    script = data.draw(wishes(events))
    desk, orders = open_desk(data.draw(terms([SYMBOL])), events, script), Orders()
    told: list[Message] = []
    for message in messages_of(events):
        for answer in desk.handle(message):
            orders.take(answer)
            told.append(answer)
        left = [life.left for life in orders.lives.values() if not life.end]
        assert sorted(left) == waiting(desk)
    ends = {life.end for life in orders.lives.values()}
    event(", ".join(sorted(ends)))
