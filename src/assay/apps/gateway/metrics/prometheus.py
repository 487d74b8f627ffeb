"""`GET /metrics`: what the gateway knows of a run, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from assay.apps.analytics.lag import read_lag
from assay.apps.gateway.board.follow import Follower
from assay.apps.gateway.board.meter import Meter
from assay.apps.gateway.metrics.account import tell_account
from assay.apps.gateway.metrics.edges import tell_edges
from assay.apps.gateway.stream import Client
from assay.apps.paper.view.timing import Times, read_times
from assay.runtime.home import Home
from assay.runtime.supervisor import read_state

LEVELS = (0.1, 0.5, 0.9)
STATES = ("ready", "warming", "unskilled", "hindsight", "silenced", "inquorate")
MICRO = 1e-6
Row = tuple[Sequence[str], float]


@dataclass(frozen=True, slots=True, eq=False)
class _Told(Collector):
    families: Sequence[Metric]

    def collect(self) -> Iterator[Metric]:
        """Yield what was gathered."""
        yield from self.families


def render_metrics(families: Iterable[Metric]) -> bytes:
    """Return the text of metrics, version 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Told(tuple(families)))
    return generate_latest(registry)


def gather(
    home: Home, follower: Follower, clients: Iterable[Client], *, uncounted: str = ""
) -> Iterator[Metric]:
    """Yield every metric of a home; none of outcomes where the look at them was not counted."""
    meter = follower.meter
    yield from _platform(home, follower, list(clients))
    if follower.board is not None:
        yield from tell_account(follower.board)
    yield from _models(home, meter)
    yield from _counters(meter)
    yield from meter.sources.families()
    yield from tell_edges(home)
    yield _gauge("metrics_uncounted", "1 where outcomes are withheld, for no look was counted.",
                 (), [((), float(bool(uncounted)))])  # fmt: skip
    if not uncounted:
        yield from _outcomes(meter)


def _gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
    family = GaugeMetricFamily(f"assay_{name}", text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _counter(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
    family = CounterMetricFamily(f"assay_{name}", text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _platform(home: Home, follower: Follower, clients: Sequence[Client]) -> Iterator[Metric]:
    state, lag = read_state(home), read_lag(home) or {}
    running = [((each.name,), float(each.status in ("running", "done")))
               for each in (state.children if state else ())]  # fmt: skip
    yield _gauge("process_up", "1 where a process of the platform runs or is done.",
                 ("process",), running)  # fmt: skip
    plain: list[tuple[str, str, float]] = [
        ("stream_clients", "Pages that follow.", len(clients)),
        ("stream_queue_longest", "Messages that wait for the slowest page.",
         max((client.queue.qsize() for client in clients), default=0)),
        ("analytics_behind_messages", "Messages that analytics have not written.",
         lag.get("behind", 0)),
        ("analytics_behind_seconds", "How long the oldest of them has waited.",
         lag.get("seconds", 0.0)),
    ]  # fmt: skip
    if follower.board is not None:
        board, feed = follower.board, follower.feed()
        yield _counter("feed_events", "Events of the feed that the trader has handled.", (),
                       [((), feed.events)])  # fmt: skip
        plain += [
            ("feed_events_per_second", "Events a second, over two seconds.",
             feed.events_per_second),
            ("feed_age_seconds", "Time since the last message of the trader.", feed.age_ms / 1_000),
            ("feed_live", "1 where the feed is live.", feed.state == "live"),
            ("journal_place", "Place of the journal up to which the gateway has read.",
             board.place),
            ("board_waiting", "Changes that wait to be sent to pages.", board.waiting.size),
            ("trading_halted", "1 where the kill switch is engaged.", board.halt.engaged),
        ]  # fmt: skip
    for name, text, value in plain:
        yield _gauge(name, text, (), [((), float(value))])


def _models(home: Home, meter: Meter) -> Iterator[Metric]:
    voices = meter.voices
    yield _gauge(
        "model_serving",
        "1 of the model whose forecasts of a symbol are traded.",
        ("model", "symbol"),
        [((m, s), 1.0) for s, m in meter.serving.items()],
    )
    yield _gauge("model_challenging", "1 of the model that challenged last.", ("model", "symbol"),
                 [((m, s), 1.0) for s, m in meter.challenging.items()])  # fmt: skip
    yield _gauge("forecast_seconds", "Time that one of the last 1,000 forecasts took.",
                 ("model", "quantile"), _latencies(read_times(home)))  # fmt: skip
    yield _gauge("forecast_state", "1 of the state of the last forecast.",
                 ("model", "symbol", "state"),
                 [((*key, state), float(state == voice.state))
                  for key, voice in voices.items() for state in STATES])  # fmt: skip
    yield _gauge(
        "guard_silenced",
        "1 where the guard silences the model.",
        ("model", "symbol"),
        [(key, float(each.state == "silenced")) for key, each in voices.items()],
    )
    yield _gauge("guard_evidence", "Decimal logarithm of the evidence that the skill is gone, or "
                 "of a silenced model that it is back; 4 acts.", ("model", "symbol"),
                 [(key, each.evidence / 1_000) for key, each in voices.items()])  # fmt: skip
    yield _gauge(
        "forecast_confidence",
        "Probability of the likelier side, of the last 1,000.",
        ("model", "symbol", "quantile"),
        [
            ((*key, f"{level:g}"), value)
            for key, each in voices.items()
            for level, value in zip(LEVELS, each.confidence(LEVELS), strict=False)
        ],
    )


def _latencies(times: dict[str, Times]) -> Iterator[Row]:
    for model, told in times.items():
        named = (("0.5", told.p50), ("0.95", told.p95), ("0.99", told.p99), ("1", told.most))
        for quantile, micros in named:
            yield (model, quantile), micros * MICRO


def _counters(meter: Meter) -> Iterator[Metric]:
    yield _counter("forecasts", "Bars forecast since this process began.",
                   ("model", "symbol", "state"), list(meter.forecasts.items()))  # fmt: skip
    yield _counter("decisions", "Decisions: taken are enter and exit.",
                   ("model", "symbol", "outcome"), list(meter.decisions.items()))  # fmt: skip
    yield _counter("patterns", "Patterns by what validation said of them.",
                   ("symbol", "verdict"), list(meter.patterns.items()))  # fmt: skip


def _outcomes(meter: Meter) -> Iterator[Metric]:
    scored = {key: voice.score() for key, voice in meter.voices.items()}
    yield _gauge(
        "forecast_resolved",
        "Of the last 1,000 forecasts those whose outcome is known.",
        ("model", "symbol"),
        [(key, float(len(voice.known))) for key, voice in meter.voices.items()],
    )
    for name, text in (
        ("accuracy", "How often the likelier direction came, whatever it earned."),
        ("brier", "Brier score of the direction."), ("log_loss", "Log loss of the direction."),
        ("calibration_error", "Mean gap between probability and frequency, 15 equal bins."),
    ):  # fmt: skip
        yield _gauge(f"forecast_{name}", text, ("model", "symbol"),
                     [(key, told[name]) for key, told in scored.items() if told])  # fmt: skip
