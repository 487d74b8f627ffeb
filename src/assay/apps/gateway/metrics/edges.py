"""How the edges behind the bridge do, for whoever measures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

from assay.apps.bridge.process import read_status
from assay.runtime.home import Home

_TOLD = (
    ("quotes_per_second", "Quotes that came a second, over ten seconds.", "quotes_a_second", 1.0),
    ("newest_quote_seconds", "Time since the newest quote came.", "newest_s", 1.0),
    ("delay_p50_seconds", "Median time from the broker's quote to here.", "delay_p50_ms", 1e-3),
    ("delay_p95_seconds", "95 % of times from the broker's quote to here.", "delay_p95_ms", 1e-3),
    ("lost_records", "Quotes that the edge had to drop, since the bridge began.", "lost", 1.0),
)


def tell_edges(home: Home) -> Iterator[Metric]:
    """Yield the metrics of each edge; nothing of a home that has none."""
    edges = read_status(home)["edges"]
    if not edges:
        return
    yield _gauge("linked", "1 where the edge is linked.", [(e, float(e["linked"])) for e in edges])
    for name, text, key, scale in _TOLD:
        yield _gauge(name, text, [(e, e[key] * scale) for e in edges if e.get(key) is not None])


def _gauge(name: str, text: str, rows: list[tuple[dict[str, Any], float]]) -> Metric:
    family = GaugeMetricFamily(f"assay_edge_{name}", text, labels=("tenant", "edge"))
    for edge, value in rows:
        family.add_metric((edge["tenant"], edge["edge"]), value)
    return family
