"""The other road of one login: an exit that the first edge cannot carry out goes by a second one.

Each exit keeps its key on both roads. It is closed by the second only where the first certainly
did not and will not: it refused, was never handed the order, or nobody has seen the order at the
terminal until long after it expired.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

import msgspec

from assay.apps.bridge.desk import BridgeBroker, CommandDesk, edge_folder
from assay.apps.bridge.feed import AccountFeed
from assay.apps.bridge.inbox import is_linked
from assay.apps.bridge.tokens import EdgeGrant
from assay.apps.link.frames import ACCOUNT
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.venue.edges import find_grant, require_same_login
from assay.model.messages import (
    AccountReported,
    GatewayAlarm,
    Message,
    OrderAccepted,
    OrderExpired,
    OrderRejected,
    OrderSubmitted,
)
from assay.model.time import SECOND
from assay.runtime.home import Home
from assay.trading.brokers.mt5.broker import SENT_WITHIN_NS
from assay.trading.brokers.mt5.following import NEVER_SEEN
from assay.trading.brokers.mt5.ports import CommandKind, OrderCommand
from assay.trading.brokers.mt5.retcodes import NOT_FLAT
from assay.trading.brokers.mt5.state import CLOSED_DOORS
from assay.trading.engine.away import Unanswered

PATIENCE = 5 * SECOND
"""After so long without an answer one road looks for what the other was given."""
VENUE = "venue"
"""Who holds entries back while the first road is closed: they never change roads."""
Told = TypeVar("Told", bound=Message)


def name_watch(key: int, edge: str) -> int:
    """Return the id of the command by which an edge looks for another's order."""
    named = blake2b(f"{key} {edge}".encode(), digest_size=8).digest()
    return int.from_bytes(named, "big") >> 1


class RoadBroker(BridgeBroker):
    """Send orders by the first edge of a login, and exits by a second where that one is away."""

    def __init__(self, home: Home, edges: tuple[str, str], digits: dict[str, int]) -> None:
        require_same_login(home, *edges)
        self._grants = tuple(find_grant(home, each) for each in edges)
        first, second = (CommandDesk(home, each) for each in self._grants)
        super().__init__(first, home.clock.now_ns, digits)
        self.roads = Roads(home, self._grants, (first, second), digits)

    def send(self, order: OrderSubmitted) -> None:
        """Hand an order over; raises InvariantError for a key that was sent already."""
        if self.knows(order.key) or not self.roads.detour(order):
            super().send(order)

    def knows(self, key: int) -> bool:
        """Say whether a key was handed over by either road."""
        return super().knows(key) or self.roads.carries(key)

    def close(self) -> None:
        """Let go of both desks."""
        super().close()
        self.roads.close()


class Roads:
    """Decide by what both edges say which exit goes where; every decision is on the disk first."""

    def __init__(
        self, home: Home, grants: Sequence[EdgeGrant], desks: Sequence[CommandDesk],
        digits: dict[str, int],
    ) -> None:  # fmt: skip
        self._now, self._digits = home.clock.now_ns, digits
        self._first, self._second = desks
        self._names = tuple(each.edge for each in grants)
        self._folders = tuple(edge_folder(home, each) for each in grants)
        self._feed = AccountFeed(self._folders[1] / ACCOUNT)
        self._trader: PaperTrader | None = None
        self._is_open = False
        self._since: dict[int, int] = {}
        self._taken: set[int] = set()
        self._notices: list[GatewayAlarm] = []

    def attach(self, trader: PaperTrader) -> None:
        """Begin to follow a trader that has recovered."""
        self._trader = trader

    def close(self) -> None:
        """Let go of the second desk."""
        self._second.close()

    def carries(self, key: int) -> bool:
        """Say whether the second road was given an order."""
        return self._second.knows(key)

    def detour(self, order: OrderSubmitted) -> bool:
        """Give an exit to the second road if the first edge is away; say whether it was."""
        found = self._unanswered().get(order.key)
        if found is None or not found.is_exit or is_linked(self._folders[0]):
            return False
        if not self._is_usable():
            return False
        # First whoever did not get it is told to look for it: a deal must find its order there.
        self._watch(self._first, 0, order.key, found)
        self._carry(order.key, found, f"edge {self._names[0]} is away")
        return True

    def hear(self, events: Sequence[Message]) -> list[Message]:
        """Return what the trader is to hear of what the first edge said."""
        return [told for event in events if (told := self._judge(event)) is not None]

    def look(self) -> list[Message]:
        """Hear the second edge, and look for exits of which nobody says anything."""
        answers: list[Message] = []
        while news := self._feed.read():
            for each in news:
                for event in each.events:
                    answers += self._hear_second(event)
            self._feed.confirm(news[-1].position)
        self._look_for_silent()
        return answers + self._tell()

    def _unanswered(self) -> dict[int, Unanswered]:
        return self._trader.topology.desk.venues.unanswered() if self._trader else {}

    def _is_usable(self) -> bool:
        return self._is_open and is_linked(self._folders[1])

    def _judge(self, event: Message) -> Message | None:
        if isinstance(event, AccountReported):
            return self._judge_account(event)
        if not isinstance(event, OrderRejected | OrderExpired):
            return event
        if self.carries(event.key):
            # What the first did not do the second does; unless the first has looked in vain.
            is_sought = isinstance(event, OrderRejected) and event.reason == NEVER_SEEN
            return event if is_sought else None
        if isinstance(event, OrderExpired) or not _is_door(event) or not self._is_usable():
            return event
        self._cancel_too(event.key)
        found = self._unanswered().get(event.key)
        if found is None or not found.is_exit:
            return event
        self._carry(event.key, found, f"edge {self._names[0]}: {event.reason} {event.text}")
        return None

    def _judge_account(self, told: AccountReported) -> AccountReported:
        """Say where exits go while the door is closed, and hold entries back meanwhile."""
        is_closed = not (told.connected and told.trade_allowed)
        is_detour = is_closed and self._is_usable()
        trader = self._trader
        assert trader is not None
        is_held = any(halt.source == VENUE for halt in trader.entry_halts)
        if is_detour and not is_held:
            reason = f"edge {self._names[0]} may not trade; exits go by {self._names[1]}"
            trader.halt_entries(VENUE, reason, VENUE)
        elif is_held and not is_closed:
            trader.release_entries(VENUE, f"edge {self._names[0]} may trade again", VENUE)
        return msgspec.structs.replace(told, other_road=True) if is_detour else told

    def _hear_second(self, event: Message) -> list[Message]:
        if isinstance(event, AccountReported):
            self._is_open = event.connected and event.trade_allowed
            return []
        key = getattr(event, "key", 0)
        found = self._unanswered().get(key)
        if found is None:
            return []
        if isinstance(event, OrderAccepted):
            self._taken.add(key)
        if not isinstance(event, OrderRejected | OrderExpired):
            return []
        is_sought = isinstance(event, OrderRejected) and event.reason == NEVER_SEEN
        if is_sought and self.carries(key):
            return []  # it was looked for before it was sent
        if is_sought and found.is_exit:
            self._carry(key, found, f"nobody has seen it since edge {self._names[0]} had it")
            return []
        return self._record(event)

    def _look_for_silent(self) -> None:
        """Let the road that was not given an exit look for it, where the other says nothing."""
        unanswered, now = self._unanswered(), self._now()
        self._since = {key: self._since.get(key, now) for key in unanswered}
        self._taken &= unanswered.keys()
        for key, found in unanswered.items():
            if now - self._since[key] < PATIENCE or key in self._taken:
                continue
            if self.carries(key):
                self._watch(self._first, 0, key, found)
            elif found.is_exit and is_linked(self._folders[1]):
                self._watch(self._second, 1, key, found)

    def _watch(self, desk: CommandDesk, place: int, key: int, found: Unanswered) -> None:
        number = name_watch(key, self._names[place])
        if not desk.knows(number):
            watch = self._command("watch", number, desk, found)
            desk.submit(msgspec.structs.replace(watch, key=key, ticket=found.ticket))

    def _carry(self, key: int, found: Unanswered, why: str) -> None:
        close = self._command("close", key, self._second, found)
        self._second.submit(msgspec.structs.replace(close, own=found.own, ticket=found.ticket))
        self._since[key] = self._now()
        text = f"{found.quantity} {found.symbol} goes by edge {self._names[1]}: {why}"
        self._notices.append(
            GatewayAlarm(
                id=0, ts_event=self._now(), ts_init=self._now(), account="", code="other_road",
                text=text,
            )
        )  # fmt: skip

    def _cancel_too(self, wish: int) -> None:
        """Ask the second road to cancel what the first may not: twice does no harm."""
        trader = self._trader
        found = trader.topology.desk.venues.cancels().get(wish) if trader else None
        if found is not None and not self._second.knows(wish):
            symbol, ticket = found
            cancel = OrderCommand(
                id=wish, kind="cancel", account=self._second.account, symbol=symbol,
                ticket=ticket, own=1, digits=self._digits[symbol], ts=self._now(),
                expiry_ns=self._now() + SENT_WITHIN_NS,
            )  # fmt: skip
            self._second.submit(cancel)

    def _command(
        self, kind: CommandKind, number: int, desk: CommandDesk, found: Unanswered
    ) -> OrderCommand:
        now = self._now()
        return OrderCommand(
            id=number, kind=kind, account=desk.account, symbol=found.symbol,
            quantity=found.quantity, digits=self._digits[found.symbol], ordinal=found.ordinal,
            ts=now, expiry_ns=now + SENT_WITHIN_NS,
        )  # fmt: skip

    def _record(self, told: Told) -> list[Message]:
        """Let the trader take in what the second edge said of an exit."""
        trader = self._trader
        assert trader is not None
        account = trader.setup.account
        trader.record(
            [msgspec.structs.replace(told, tenant=account.tenant, account=account.id)]  # type: ignore[call-arg]
        )
        return [told]

    def _tell(self) -> list[Message]:
        notices, self._notices = self._notices, []
        return [each for notice in notices for each in self._record(notice)]


def _is_door(event: OrderRejected) -> bool:
    return event.reason in CLOSED_DOORS or event.retcode in NOT_FLAT
