"""Verify chains: every entry, seal and head, and the journal beside them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from assay.books.audit.entries import AuditEntry, enter_record, hash_entry
from assay.books.audit.heads import Head
from assay.books.audit.keys import PublicKey
from assay.books.audit.merkle import HASH_BYTES, merkle_root, split_leaves
from assay.books.audit.ports import Chains
from assay.books.audit.seals import BATCH_MAX, NO_SEAL, Seal, hash_seal, is_signed
from assay.model.errors import DataError
from assay.runtime.journal import RawRecord

Observe = Callable[[int], None]
Heads = Mapping[str, Head | str]
"""Heads by tenant; text says why one cannot be read."""

_REPORT_EVERY = 1_000


class Flaw(NamedTuple):
    """Name the first entry that does not hold, and why."""

    number: int
    reason: str


class ChainReport(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the verification of one tenant's chain found."""

    tenant: str
    entries: int
    seals: int
    ok: bool
    first_bad: int | None = None
    reason: str | None = None


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a verification found; `tenant`, `first_bad` and `reason` are of the first flaw.

    `key` is the fingerprint of the public key that the signatures were held against.
    """

    entries: int
    ok: bool
    first_bad: int | None = None
    reason: str | None = None
    tenant: str | None = None
    key: str | None = None
    chains: tuple[ChainReport, ...] = ()


def verify_chains(
    chains: Chains,
    heads: Heads,
    key: PublicKey,
    *,
    tenants: Sequence[str] | None = None,
    checkpoints: Mapping[str, Head] | None = None,
    observe: Observe = lambda _: None,
) -> AuditReport:
    """Verify every chain, or those of some tenants; memory holds one batch at a time.

    `checkpoints` are heads kept from earlier: a chain must still hold each. `observe` is told how
    many more entries are through.
    """
    known = {*chains.lengths(), *heads, *(checkpoints or {})}
    wanted = sorted(known if tenants is None else tenants)
    reports = []
    for tenant in wanted:
        check = _ChainCheck(tenant, chains, key, observe)
        flaw = check.run(heads.get(tenant), (checkpoints or {}).get(tenant))
        reports.append(
            ChainReport(
                tenant=tenant, entries=check.count, seals=check.sealed, ok=flaw is None,
                first_bad=flaw.number if flaw else None, reason=flaw.reason if flaw else None,
            )
        )  # fmt: skip
    return summarise(tuple(reports), key)


def summarise(reports: tuple[ChainReport, ...], key: PublicKey | None) -> AuditReport:
    """Return the report over all chains."""
    bad = next((each for each in reports if not each.ok), None)
    return AuditReport(
        entries=sum(each.entries for each in reports),
        ok=bad is None,
        first_bad=bad.first_bad if bad else None,
        reason=bad.reason if bad else None,
        tenant=bad.tenant if bad else None,
        key=key.fingerprint if key else None,
        chains=reports,
    )


class _ChainCheck:
    def __init__(self, tenant: str, chains: Chains, key: PublicKey, observe: Observe) -> None:
        self._tenant, self._chains, self._key = tenant, chains, key
        self._observe = observe
        self._entries: Iterator[AuditEntry] = chains.entries(tenant)
        self._journal: Iterator[RawRecord] | None = chains.journal(tenant)
        self._previous, self._position = NO_SEAL, 0
        self._marks: dict[int, tuple[int, str]] = {0: (0, NO_SEAL.hex())}
        self.count = self.sealed = 0

    def run(self, head: Head | str | None, checkpoint: Head | None) -> Flaw | None:
        """Return the first flaw of the chain."""
        wanted = {each.seal for each in (head, checkpoint) if isinstance(each, Head)}
        flaw = self._check_seals(wanted) or self._check_rest()
        if flaw is None:
            flaw = self._check_head(head)
        if flaw is None and checkpoint is not None:
            flaw = self._check_mark(checkpoint, "the checkpoint")
        self._observe(self.count % _REPORT_EVERY)
        return flaw

    def _check_seals(self, wanted: set[int]) -> Flaw | None:
        seals = self._chains.seals(self._tenant)
        while True:
            try:
                seal = next(seals, None)
            except DataError as error:
                return Flaw(self.count + 1, str(error))
            if seal is None:
                return None
            flaw = self._check_batch(seal)
            if flaw is not None:
                return flaw
            self.sealed, self._previous = seal.number, seal.hash
            if seal.number in wanted:
                self._marks[seal.number] = (seal.last, seal.hash.hex())

    def _check_batch(self, seal: Seal) -> Flaw | None:
        broken = self._break_of(seal)
        if broken is not None:
            return self._search_journal(seal) or Flaw(self.count + 1, broken)
        for leaf in split_leaves(seal.leaves):
            flaw = self._check_entry(leaf)
            if flaw is not None:
                return flaw
        if seal.position != self._position:
            return Flaw(seal.first, f"seal {seal.number} ends at another journal position")
        return None

    def _break_of(self, seal: Seal) -> str | None:
        number, first = self.sealed + 1, self.count + 1
        if seal.number != number:
            return f"seal {number} is missing"
        if seal.first != first or not 0 < seal.size <= BATCH_MAX:
            return f"seal {number} covers entries {seal.first} and on, not {first} and on"
        if seal.previous != self._previous:
            return f"seal {number} does not follow the seal before it"
        return _break_within(seal, self._key)

    def _search_journal(self, seal: Seal) -> Flaw | None:
        # A broken seal vouches for nothing; the journal may still tell which entry was changed.
        if self._journal is None:
            return None
        first = self.count + 1
        for _ in range(min(max(seal.size, 0), len(seal.leaves) // HASH_BYTES, BATCH_MAX)):
            flaw = self._check_entry(None)
            if flaw is not None:
                self.count = first - 1
                return flaw
        self.count = first - 1
        return None

    def _check_entry(self, leaf: bytes | None) -> Flaw | None:
        number = self.count + 1
        try:
            entry = next(self._entries, None)
            broken = self._break_of_entry(entry, number, leaf)
        except (DataError, ValueError, struct.error) as error:
            broken = f"entry {number} cannot be read ({error})"
        if broken is not None or entry is None:
            return Flaw(number, broken or f"entry {number} is missing")
        self.count, self._position = number, entry.position
        if number % _REPORT_EVERY == 0:
            self._observe(_REPORT_EVERY)
        return None

    def _break_of_entry(
        self, entry: AuditEntry | None, number: int, leaf: bytes | None
    ) -> str | None:
        if entry is None or entry.number > number:
            return f"entry {number} is missing"
        if entry.number < number:
            return f"entry {entry.number} is stored twice"
        if leaf is not None and hash_entry(entry) != leaf:
            return f"entry {number} is not the one that was sealed"
        if entry.position <= self._position:
            return f"entry {number} is out of the journal's order"
        if self._journal is None:
            return None
        record = next(self._journal, None)
        if record is None:
            return f"the journal holds no message for entry {number}"
        if enter_record(record, number) != entry:
            return f"entry {number} differs from the journal's message at {record.position}"
        return None

    def _check_rest(self) -> Flaw | None:
        number = self.count + 1
        try:
            entry = next(self._entries, None)
            if entry is not None:
                return Flaw(number, f"entry {entry.number} is in no seal")
            record = next(self._journal, None) if self._journal is not None else None
        except DataError as error:
            return Flaw(number, str(error))
        if record is not None and record.position <= self._chains.covered():
            return Flaw(number, f"the journal's message at {record.position} has no entry")
        return None

    def _check_head(self, head: Head | str | None) -> Flaw | None:
        if head is None:
            return Flaw(1, "the head is missing") if self.sealed else None
        if isinstance(head, str):
            return Flaw(1, head)
        flaw = self._check_mark(head, "the head")
        if flaw is None and self.sealed - head.seal > 1:
            older = self.sealed - head.seal
            return Flaw(head.count + 1, f"the head is {older} seals old; an older one was put back")
        return flaw

    def _check_mark(self, mark: Head, what: str) -> Flaw | None:
        if mark.tenant != self._tenant or not mark.is_signed(self._key):
            return Flaw(1, f"{what} is not signed by the key of this home")
        if mark.count > self.count:
            told = f"{what} says {mark.count} entries and the chain ends after {self.count}"
            return Flaw(self.count + 1, f"{told}: its tail was cut off")
        if self._marks.get(mark.seal) != (mark.count, mark.hash):
            return Flaw(1, f"the chain is not the one that {what} was written for")
        return None


def _break_within(seal: Seal, key: PublicKey) -> str | None:
    if {len(seal.root), len(seal.hash)} != {HASH_BYTES}:
        return f"seal {seal.number} holds a hash that is none"
    if len(seal.leaves) != HASH_BYTES * seal.size:
        return f"seal {seal.number} holds no hash for each of its {seal.size} entries"
    if merkle_root(split_leaves(seal.leaves)) != seal.root:
        return f"seal {seal.number} holds another root than that of its entries' hashes"
    if hash_seal(seal) != seal.hash:
        return f"seal {seal.number} was changed"
    if not is_signed(seal, key):
        return f"seal {seal.number} is not signed by the key of this home"
    return None
