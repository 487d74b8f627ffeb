"""Operations: starts, recoveries and restores."""

import msgspec

from assay.model.messages.envelope import Message


class PlatformStarted(Message, frozen=True, kw_only=True):
    """Carry the start of a run, and how long the home's ledgers were, with their last hashes."""

    version: str
    run: str
    trial_lines: int = 0
    trials_hash: str = ""
    governance_lines: int = 0
    governance_hash: str = ""


class PlatformRecovered(Message, frozen=True, kw_only=True):
    """Carry a start that found earlier work, from where it went on, and the ledgers then."""

    version: str
    run: str
    position: int
    replayed: int
    trial_lines: int = 0
    trials_hash: str = ""
    governance_lines: int = 0
    governance_hash: str = ""


class ReplacedHead(msgspec.Struct, frozen=True, array_like=True):
    """Hold how far a tenant's audit chain was, and the hexadecimal hash of its last seal."""

    tenant: str
    count: int
    hash: str


class HomeRestored(Message, frozen=True, kw_only=True):
    """Carry the return of a home to a backup, and the audit chains that it took the place of.

    `archive` names the backup's file and `created` its moment in nanoseconds UTC.
    """

    version: str
    archive: str
    created: int
    replaced: tuple[ReplacedHead, ...] = ()
