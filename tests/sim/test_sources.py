"""Two terminals behind one bridge: one fails, the other's quotes serve, and nothing goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from assay.apps.bridge.market import MarketReader
from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.link.conversation import Terms
from assay.apps.paper.market.feed import QuoteFeed
from assay.apps.paper.market.sources import SourceChoice
from assay.model.messages import Message, SourceSwitched, Tick
from assay.runtime.clock import require_within
from tests.sim.edging import (
    START_MSC,
    TICK,
    Broker,
    CountingGateway,
    Desk,
    QuoteTerminal,
    RunningBridge,
    make_desk,
    running_edge,
)
from tests.sim.faulty_proxy import Faults, FaultyProxy

EDGES = ("desk", "backup")
FAILOVER_S = 5.0
"""A source that fails must be replaced within so long."""
COUNT, STEP_MSC = 20_000, 50


def quiet_ticks(spread: int) -> np.ndarray:
    """Return quotes of a market that hardly moves, the same mids at every broker."""
    ticks = np.zeros(COUNT, TICK)
    ticks["time_msc"] = START_MSC + STEP_MSC * np.arange(COUNT)
    ticks["time"] = ticks["time_msc"] // 1_000
    middle = 110_000 + (np.arange(COUNT) // 7) % 20
    ticks["bid"], ticks["ask"] = (middle - spread) / 1e5, (middle + spread) / 1e5
    return ticks


class Market:
    """Let both terminals show quote after quote, and a platform read what the bridge keeps."""

    def __init__(self, folder: Path, terms: Terms) -> None:
        self.folder, first = folder, make_desk(folder)
        EdgeTokens(first.home).issue("backup", tenant="own", account="main")
        self.desks = {"desk": first, "backup": first.home_edge("backup")}
        self.terminals = {
            edge: QuoteTerminal({"EURUSD": quiet_ticks(4 + k)}) for k, edge in enumerate(EDGES)
        }
        self.bridge = RunningBridge(first.home, terms=terms)
        self.shown, self.stuck = 0, ""
        self.told: list[Message] = []
        self.bases: list[int] = []
        self.feed: QuoteFeed | None = None

    def begin(self) -> None:
        """Let a platform start once both connectors have sent quotes."""
        for terminal in self.terminals.values():
            terminal.shown = self.shown = 5
        for edge, desk in self.desks.items():
            require_within(lambda d=desk: d.count() == 5, f"quotes of {edge}", seconds=30)  # type: ignore[misc]
        self.bases = [desk.end for desk in self.desks.values()]
        self.feed = self.open_feed()

    def open_feed(self) -> QuoteFeed:
        home, digits = self.desks["desk"].home, {"EURUSD": 5}
        folders = [home.path / "bridge" / "edges" / "own" / edge / "market" for edge in EDGES]
        choice = SourceChoice(EDGES, digits, {}, "own")
        return QuoteFeed(MarketReader(folders, self.bases), digits, 0, choice=choice)

    def edge(self, edge: str, port: int) -> ExitStack:
        """Run the connector of an edge; closing what is returned ends it."""
        desk: Desk = self.desks[edge]
        stack, gateway = ExitStack(), CountingGateway(Broker())
        url = f"ws://127.0.0.1:{port}"
        place = self.folder / edge
        stack.enter_context(running_edge(place, desk, url, self.terminals[edge], gateway))
        return stack

    def go_on(self) -> None:
        """Show one more quote at each terminal that is not stuck, and read on."""
        self.shown += 1
        for edge, terminal in self.terminals.items():
            if edge != self.stuck:
                terminal.shown = self.shown
        while self.feed is not None and (found := self.feed.next()) is not None:
            self.told += found

    def served_by(self, edge: str, ticks: int) -> Callable[[], bool]:
        """Return what says whether so many ticks came from a source since it was asked."""
        place = len(self.told)

        def has_come() -> bool:
            self.go_on()
            fresh = self.told[place:]
            spreads = [each.ask - each.bid for each in fresh if isinstance(each, Tick)]
            return spreads.count(2 * (4 + EDGES.index(edge))) >= ticks

        return has_come


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [("ends", {"unlinked"}), ("hangs", {"unlinked", "silent"}), ("stands still", {"silent"})],
)
def test_a_source_that_fails_is_replaced_within_five_seconds(
    tmp_path: Path, fault: str, reasons: set[str]
) -> None:
    """Its connector ends, its line falls silent without breaking, or its terminal has no quotes."""
    market = Market(tmp_path, Terms())
    bridge = market.bridge
    bridge.start()
    with ExitStack() as stack:
        proxy = stack.enter_context(FaultyProxy(lambda: bridge.port, Faults(), 1))
        stack.enter_context(market.edge("backup", bridge.port))
        primary = stack.enter_context(market.edge("desk", proxy.port))
        market.begin()
        require_within(market.served_by("desk", 10), "quotes", seconds=30)
        require_within(
            lambda: any(isinstance(each, Tick) and each.confirmed is True
                        for each in market.told) or bool(market.go_on()),
            "quotes of both", seconds=30,
        )  # fmt: skip
        assert not [each for each in market.told if isinstance(each, SourceSwitched)]
        served = market.served_by("backup", 5)
        if fault == "ends":
            primary.close()
        elif fault == "hangs":
            proxy.faults = Faults(mute=1.0)
        else:
            market.stuck = "desk"
        require_within(served, "quotes of the other source", seconds=FAILOVER_S)
    bridge.stop()
    switched = [each for each in market.told if isinstance(each, SourceSwitched)]
    assert (switched[0].source, switched[0].before) == ("backup", "desk")
    assert switched[0].reason in reasons
    times = [each.ts_event for each in market.told if isinstance(each, Tick)]
    assert times == sorted(set(times)), "no tick is doubled or goes back"
    # Whoever reads the records again comes to the same.
    again, whole = market.open_feed(), list[Message]()
    while (found := again.next()) is not None:
        whole += found
    assert whole[: len(market.told)] == market.told
