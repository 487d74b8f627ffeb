"""Stored or read series as messages in the total order of events, at a chosen speed."""

from assay.market.replay.events import replay_events
from assay.market.replay.pacing import Clock, pace, parse_speed

__all__ = ["Clock", "pace", "parse_speed", "replay_events"]
