"""A desk with two roads to one login: two terminals at one server, each with an edge of its own."""

from __future__ import annotations

from assay.apps.bridge.tokens import EdgeTokens
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

    def close(self) -> None:
        """Close every file of both."""
        self.second.leave()
        super().close()
