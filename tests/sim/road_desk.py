"""A desk with two roads to one login: two terminals at one server, each with an edge of its own."""

from __future__ import annotations

from collections.abc import Iterator

from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.link.frames import COMMANDS
from assay.apps.link.log import LogReader
from assay.apps.paper.venue.edges import edge_folder
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.terminal import SimulatedTerminal
from assay.trading.terminal.hand import Hand
from tests.sim.venue_desk import EdgeSide, VenueDesk

OTHER = "other"


class RoadDesk(VenueDesk):
    """Hold a second terminal of the same login and its edge; both are carried to the bridge."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.other_road = OTHER
        EdgeTokens(self.home).issue(OTHER, tenant="local", account="live")
        server = self.rig.terminal.server
        self.second_terminal = SimulatedTerminal(self.rig.profile, server=server)
        assert self.second_terminal.initialize()
        self.second_hand = Hand(self.second_terminal)
        self.second = EdgeSide()
        self.second.join(
            self.home, OTHER, self.path / OTHER, lambda: self.rig.open(self.second_terminal),
            arrivals=self.arrivals, clock=self.clock,
        )  # fmt: skip

    def exchange(self) -> None:
        """Carry what goes both roads."""
        super().exchange()
        if hasattr(self, "second"):
            self.second.exchange()

    def second_orders(self) -> Iterator[OrderCommand]:
        """Yield what the second edge was told, all of it from the first."""
        log = LogReader(edge_folder(self.home, OTHER) / COMMANDS)
        while records := log.read(1_000):
            yield from (self.codec.decode(each.payload, OrderCommand) for each in records)

    def close(self) -> None:
        """Close every file of both."""
        self.second.leave()
        super().close()
