"""Operations: starts and recoveries."""

from assay.model.messages.envelope import Message


class PlatformStarted(Message, frozen=True, kw_only=True):
    """Carry the start of a run."""

    version: str
    run: str


class PlatformRecovered(Message, frozen=True, kw_only=True):
    """Carry a start that found earlier work, and from where it went on."""

    version: str
    run: str
    position: int
    replayed: int
