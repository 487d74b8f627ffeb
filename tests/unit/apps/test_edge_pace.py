"""How an edge does, as the bridge's status and Prometheus are told."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Raw

from assay.apps.bridge.pace import KEPT, Pace
from assay.apps.bridge.process import LOCK, STATUS, read_status
from assay.apps.bridge.server import BridgeServer
from assay.apps.bridge.tokens import FOLDER, EdgeTokens, write_private
from assay.apps.cli.connecting import _status_text
from assay.apps.gateway.metrics.edges import tell_edges
from assay.apps.gateway.metrics.prometheus import render_metrics
from assay.apps.link.frames import PackedCodec, Quote
from assay.model.time import SECOND
from assay.runtime.clock import SimClock
from assay.runtime.home import open_home
from assay.runtime.logs import open_log

START = 1_700_000_000 * SECOND


def test_an_edge_is_told_of_by_its_pace_and_its_delay(tmp_path: Path) -> None:
    clock, codec = SimClock(START), PackedCodec()
    home = open_home(tmp_path / "home", clock)
    EdgeTokens(home).issue("desk", tenant="own", account="main")
    told = render_metrics(tell_edges(home)).decode()
    assert 'assay_edge_linked{edge="desk",tenant="own"} 0.0' in told
    assert "delay_p50_seconds{" not in told

    server = BridgeServer(home, open_log(None, "bridge"))
    (grant,) = EdgeTokens(home).all()
    market = server.box(grant).market
    for number in range(1, 61):
        clock.advance_to(clock.now_ns() + SECOND // 2)
        made = clock.now_ns() - 40_000_000
        quote = Quote("EURUSD", made // 1_000_000, 0, made, 5, 110_000, 110_010)
        market.take(number, [Raw(codec.encode(quote))], codec)
    market.miss(61, 65)
    with home.lock(LOCK):
        write_private(home.folder(FOLDER) / STATUS, msgspec.json.encode(server.health()))
        told = render_metrics(tell_edges(home)).decode()
        text = _status_text(read_status(home))
    server.box(grant).close()
    assert 'assay_edge_quotes_per_second{edge="desk",tenant="own"} 2.0' in told
    assert 'assay_edge_delay_p95_seconds{edge="desk",tenant="own"} 0.04' in told
    assert 'assay_edge_lost_records{edge="desk",tenant="own"} 5.0' in told
    assert "2 quotes/s, 40 ms after the broker's time (95 %: 40), newest 0 s ago" in text


def test_a_pace_beyond_what_is_kept_is_that_of_the_newest() -> None:
    pace = Pace()
    for number in range(10 * KEPT):
        pace.take(START, START + number * SECOND // 5_000)
    told = pace.told(START + 10 * KEPT * SECOND // 5_000)
    assert told["quotes_a_second"] is not None
    assert abs(told["quotes_a_second"] - 5_000) < 10
    assert Pace().told(START)["newest_s"] is None
