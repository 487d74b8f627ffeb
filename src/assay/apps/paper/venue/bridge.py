"""The venue that fills an account's orders: where they go, and what it says."""

from __future__ import annotations

from collections import deque

from assay.apps.bridge.desk import BridgeBroker, CommandDesk
from assay.apps.bridge.feed import STANDING, AccountFeed, AccountNews
from assay.apps.lab.runs.setup import Setup
from assay.apps.link.frames import ACCOUNT
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.venue.edges import edge_folder, find_grant
from assay.apps.paper.venue.roads import RoadBroker, Roads
from assay.model.messages import DealBooked, Message
from assay.runtime.home import Home

CONFIRM_EVERY = 256
"""Records after which the bridge is told that they are dealt with."""


def open_bridge_broker(
    home: Home, edge: str, setup: Setup, other_road: str | None = None
) -> BridgeBroker:
    """Return the broker that carries orders to an edge, and exits to another where they must."""
    digits = {spec.symbol: spec.digits for spec in setup.instruments}
    if other_road:
        return RoadBroker(home, (edge, other_road), digits)
    return BridgeBroker(CommandDesk(home, find_grant(home, edge)), home.clock.now_ns, digits)


class VenueEar:
    """Let a trader hear every record of what its venue said, in order, and each deal once.

    An edge repeats what it told of a command that comes again, and after a kill tells some anew.
    """

    def __init__(
        self, home: Home, edge: str, trader: PaperTrader, roads: Roads | None = None
    ) -> None:
        self._trader, self._roads = trader, roads
        if roads is not None:
            roads.attach(trader)
        folder = edge_folder(home, edge) / ACCOUNT
        if not trader.heard:
            # What an earlier run confirmed this one has still to hear.
            AccountFeed(folder).confirm(0)
        self._feed = AccountFeed(folder, trader.heard)
        account, booked = trader.setup.account.id, trader.recorded(0, ("DealBooked",))
        told = (each.message for each in booked if isinstance(each.message, DealBooked))
        self._deals = {deal.ticket for deal in told if deal.account == account}
        self._waiting: deque[AccountNews] = deque()
        self._confirmed = 0

    def listen(self) -> list[Message]:
        """Take in what is new and return what came of it."""
        self._waiting.extend(self._feed.read())
        answers: list[Message] = []
        while self._waiting:
            news = self._waiting.popleft()
            if news.how == STANDING:
                # What went before is left out: this run begins with how the account stood then.
                self._trader.heard = news.position - 1
            events = [each for each in news.events if self._is_new(each)]
            events = events if self._roads is None else self._roads.hear(events)
            answers += self._trader.hear(news.position, events)
        if self._trader.heard - self._confirmed >= CONFIRM_EVERY:
            self._confirmed = self._trader.heard
            self._feed.confirm(self._confirmed)
        return answers if self._roads is None else answers + self._roads.look()

    def _is_new(self, event: Message) -> bool:
        if not isinstance(event, DealBooked):
            return True
        is_new = event.ticket not in self._deals
        self._deals.add(event.ticket)
        return is_new
