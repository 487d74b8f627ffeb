"""What is found beside the trading, handed to the trader, who alone writes the journal.

One small file a hand-over, removed once what it holds is committed. A trader that starts forgets
what was left to the one before; whoever left it sees the start and says again what is not recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from assay.apps.paper.control.acts import ACTS_TOLD, describe_act
from assay.apps.paper.control.sources import SOURCES_TOLD, describe_source
from assay.model.messages import (
    CorrelationBroke,
    CorrelationReturned,
    DriftFound,
    Message,
    RegimeChanged,
    RiskThresholdBreached,
    TwinAppraised,
    decode_messages,
    encode_messages_into,
)
from assay.runtime.clock import wait_for
from assay.runtime.home import Home

CONDITIONS = ("RegimeChanged", "CorrelationBroke", "CorrelationReturned", "DriftFound")
KINDS = (*CONDITIONS, "CorrelationsMeasured")
ALERTED = (RiskThresholdBreached, *ACTS_TOLD, *SOURCES_TOLD)
"""What the trading itself brings that is told at once."""
PATIENCE_S = 10.0
_PERCENT = 100
_ALARM = 1_000


class NoticeBoard:
    """Leave notices for the trader of a home, in order.

    What another left before is waited for, then forgotten: from here on the journal has all that
    will ever be recorded of it.
    """

    def __init__(self, home: Home, *, seconds: float = PATIENCE_S) -> None:
        self._folder, self._numbers = _folder(home), count(1)
        if not wait_for(lambda: not pending_notices(home), seconds=seconds):
            forget_notices(home)

    def leave(self, notices: Sequence[Message]) -> None:
        """Leave some together; they are committed together."""
        _write(self._folder / f"{next(self._numbers):09d}.notices", notices)


def leave_notice(home: Home, name: str, notice: Message) -> None:
    """Leave one notice under a name of its own, in the place of another of that name."""
    _write(_folder(home) / f"{name}.notices", [notice])


def _write(path: Path, notices: Sequence[Message]) -> None:
    payload = bytearray()
    encode_messages_into(notices, payload, 0)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(payload)
    fresh.replace(path)


def pending_notices(home: Home) -> list[tuple[Path, list[Message]]]:
    """Return what waits, the oldest first; remove each file once it is committed."""
    paths = sorted(_folder(home).glob("*.notices"))
    return [(path, decode_messages(path.read_bytes())) for path in paths]


def forget_notices(home: Home) -> None:
    """Remove what was left to a trader that is no more."""
    for path in _folder(home).iterdir():
        path.unlink(missing_ok=True)


def _folder(home: Home) -> Path:
    folder = home.folder("run") / "notices"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def describe_notice(notice: Message) -> str:
    """Return an alert in words, empty for what is none.

    >>> describe_notice(DriftFound(id=1, ts_event=0, ts_init=0, model="m-1", detector="adwin",
    ...     stream="loss", statistic=1200, labels=640, alarmed=1))
    'm-1: adwin tells drift of loss after 640 labels (1.20 of its alarm)'
    """
    if isinstance(notice, RegimeChanged):
        before = f"{notice.before} → " if notice.before else ""
        return f"{notice.symbol}: {before}{notice.regime} ({notice.confidence / _PERCENT:.0f} %)"
    if isinstance(notice, CorrelationBroke):
        return (
            f"{_pair(notice)}: correlation {_number(notice.correlation)} left its usual "
            f"{_number(notice.low)} to {_number(notice.high)}"
        )
    if isinstance(notice, CorrelationReturned):
        return (
            f"{_pair(notice)}: correlation {notice.outcome} at {_number(notice.correlation)}, "
            f"usual was {_number(notice.usual)}"
        )
    if isinstance(notice, DriftFound):
        more = f" and {notice.alarmed - 1} more" if notice.alarmed > 1 else ""
        return (
            f"{notice.model}: {notice.detector} tells drift of {notice.stream}{more} after "
            f"{notice.labels:,} labels ({notice.statistic / _ALARM:.2f} of its alarm)"
        )
    if isinstance(notice, RiskThresholdBreached):
        reached = "is near" if notice.warning else "reached"
        unit = "minor units" if notice.unit == "money" else notice.unit
        return (
            f"{notice.account}: {notice.rule} {reached} its limit "
            f"({notice.value:,} of {notice.limit:,} {unit})"
        )
    if isinstance(notice, TwinAppraised) and notice.paused:
        lost = (notice.live - notice.twin) / notice.equity if notice.equity else 0.0
        return f"{notice.account}: {notice.day} left its twin by {lost:+.2%}; entries are paused"
    return describe_act(notice) or describe_source(notice)


def _pair(notice: CorrelationBroke | CorrelationReturned) -> str:
    return " ".join(notice.pair)


def _number(ten_thousandths: int) -> str:
    return f"{ten_thousandths / 10_000:.2f}".replace("-", "−")
