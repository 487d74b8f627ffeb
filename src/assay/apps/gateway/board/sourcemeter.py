"""Where a live market's quotes come from, and what became of its sources, for whoever measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from assay.model.messages import (
    Message,
    QuotesDisputed,
    SourceSkewed,
    SourceSuspected,
    SourceSwitched,
)
from assay.model.time import SECOND

SOURCE_KINDS = ("QuotesDisputed", "SourceSkewed", "SourceSuspected", "SourceSwitched")


@dataclass(slots=True)
class SourceMeter:
    """Follow what is told of sources; of a symbol that never switched nothing is."""

    serving: dict[tuple[str, str], bool] = field(default_factory=dict)
    suspect: dict[tuple[str, str], bool] = field(default_factory=dict)
    offsets: dict[tuple[str, str], float] = field(default_factory=dict)
    disputed: dict[str, bool] = field(default_factory=dict)
    switches: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def renewed(self) -> SourceMeter:
        """Return one with the counters alone."""
        return SourceMeter(switches=self.switches.copy())

    def apply(self, message: Message, *, is_counted: bool) -> None:
        """Take a message; what is none of a source changes nothing."""
        if isinstance(message, SourceSwitched):
            for source in filter(None, (message.before, message.source)):
                self.serving[message.symbol, source] = source == message.source
            if is_counted:
                self.switches[message.symbol, message.source or "none", message.reason] += 1
        elif isinstance(message, SourceSuspected):
            self.suspect[message.symbol, message.source] = message.suspected
        elif isinstance(message, SourceSkewed):
            off = message.offset / SECOND if message.skewed else 0.0
            self.offsets[message.symbol, message.source] = off
        elif isinstance(message, QuotesDisputed):
            self.disputed[message.symbol] = message.disputed

    def families(self) -> Iterator[Metric]:
        """Yield what Prometheus is told."""
        yield _gauge("source_serving", "1 of the source whose quotes of a symbol are traded.",
                     ("symbol", "source"), self.serving.items())  # fmt: skip
        yield _gauge("source_suspect", "1 of a source whose quotes of a symbol are not believed.",
                     ("symbol", "source"), self.suspect.items())  # fmt: skip
        yield _gauge("source_offset_seconds",
                     "How far a source's clock is off, below 0 for behind; 0 once it is right.",
                     ("symbol", "source"), self.offsets.items())  # fmt: skip
        yield _gauge("quotes_disputed", "1 where sources differ and none is believed.",
                     ("symbol",), (((k,), v) for k, v in self.disputed.items()))  # fmt: skip
        family = CounterMetricFamily(
            "assay_source_switches", "Switches to a source since this process began.",
            labels=("symbol", "source", "reason"),
        )  # fmt: skip
        for names, count in self.switches.items():
            family.add_metric(names, count)
        yield family


def _gauge(
    name: str, text: str, labels: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(f"assay_{name}", text, labels=labels)
    for names, value in rows:
        family.add_metric(names, float(value))
    return family
