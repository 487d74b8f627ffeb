"""The keeper: enters every journalled message, seals each batch, and brings the heads forward."""

from __future__ import annotations

from pathlib import Path

from assay.books.audit.entries import AuditEntry, enter_record
from assay.books.audit.heads import Head, HeadFolder, sign_head
from assay.books.audit.keys import SigningKey, open_key
from assay.books.audit.ports import AuditStore
from assay.books.audit.seals import BATCH_MAX, NO_SEAL, Seal, hash_seal, is_signed, seal_entries
from assay.model.errors import DataError, UsageError
from assay.runtime.clock import Clock

HEADS = "heads"
BATCH = 4_096


class AuditKeeper:
    """Follow the journal; call `recover` once, then `catch_up` again and again.

    `folder` holds the key and the heads. A head is written after its batch is committed, so that
    it may lag by the batch in flight at a kill and never leads.
    """

    def __init__(self, store: AuditStore, folder: Path, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._key: SigningKey = open_key(folder)
        self._heads = HeadFolder(folder / HEADS)
        self._last: dict[str, Seal] = {}
        self._owed: dict[str, Head] = {}
        self._position = store.position()

    @property
    def position(self) -> int:
        """Return the journal position up to which messages are entered."""
        return self._position

    def recover(self, *, lag_max: int | None = 1) -> int:
        """Hold each head against its chain; bring those that lag forward, and count them.

        Raises DataError where a head leads its chain, does not belong to it, is missing, or lags
        by more than `lag_max` seals (None for any, after a restore).
        """
        lengths, seals = self._store.lengths(), self._store.last_seals()
        brought = 0
        for tenant in sorted({*lengths, *seals, *self._heads.tenants()}):
            last = seals.get(tenant)
            _require_sealed(tenant, lengths.get(tenant, 0), last)
            head = self._heads.read(tenant)
            lag = self._require_follows(tenant, head, last)
            if lag_max is not None and lag > lag_max:
                raise _refuse(tenant, f"its head is {lag} seals old")
            if last is not None:
                if last.position > self._position:
                    raise _refuse(tenant, f"seal {last.number} lies beyond the audit's place")
                self._last[tenant] = last
                if lag:
                    self._heads.write(sign_head(tenant, last, self._key))
                    brought += 1
        return brought

    def _require_follows(self, tenant: str, head: Head | None, last: Seal | None) -> int:
        if head is None:
            raise _refuse(tenant, f"its head {self._heads.path(tenant)} is missing")
        if not head.is_signed(self._key.public):
            raise _refuse(tenant, "its head is not signed by the key of this home")
        length, number = (last.last, last.number) if last else (0, 0)
        if head.count > length or head.seal > number:
            raise _refuse(
                tenant, f"its head says {head.count} entries and the database holds {length}"
            )
        vouched = self._store.seal(tenant, head.seal) if head.seal else None
        found = (vouched.last, vouched.hash.hex()) if vouched else (0, NO_SEAL.hex())
        if found != (head.count, head.hash):
            raise _refuse(tenant, f"its head does not belong to seal {head.seal}")
        if last and (hash_seal(last) != last.hash or not is_signed(last, self._key.public)):
            raise _refuse(tenant, f"seal {last.number} is not signed by the key of this home")
        return number - head.seal

    def catch_up(self, limit: int = BATCH) -> int:
        """Enter and seal up to `limit` messages that the journal has beyond our place; count them.

        Raises RetryError when the database is away; then make a new keeper, and recover.
        """
        if not 0 < limit <= BATCH_MAX:
            raise UsageError(f"a batch of {limit} messages is outside 1..{BATCH_MAX}")
        self._write_owed()
        records = self._store.read_journal(self._position, limit)
        if not records:
            return 0
        batches: dict[str, list[AuditEntry]] = {}
        numbers: dict[str, int] = {}
        for record in records:
            tenant = record.tenant
            if tenant not in batches:
                batches[tenant], numbers[tenant] = [], self._length(tenant)
            numbers[tenant] += 1
            batches[tenant].append(enter_record(record, numbers[tenant]))
        self._append(batches, records[-1].position)
        return len(records)

    def _append(self, batches: dict[str, list[AuditEntry]], position: int) -> None:
        now = self._clock.now_ns()
        seals = []
        for tenant, batch in batches.items():
            if tenant not in self._last:
                # Before the first entry, so that entries without a head are always a find.
                self._heads.write(sign_head(tenant, None, self._key))
            seals.append(seal_entries(batch, self._last.get(tenant), self._key, now))
        entries = [entry for batch in batches.values() for entry in batch]
        self._store.append(entries, seals, position)
        self._position = position
        for seal in seals:
            self._last[seal.tenant] = seal
            self._owed[seal.tenant] = sign_head(seal.tenant, seal, self._key)
        self._write_owed()

    def _length(self, tenant: str) -> int:
        last = self._last.get(tenant)
        return last.last if last else 0

    def _write_owed(self) -> None:
        for tenant, head in list(self._owed.items()):
            self._heads.write(head)
            del self._owed[tenant]


def _require_sealed(tenant: str, length: int, last: Seal | None) -> None:
    sealed = last.last if last else 0
    if length != sealed:
        raise _refuse(tenant, f"{length} entries are stored and {sealed} are sealed")


def _refuse(tenant: str, what: str) -> DataError:
    whose = f"tenant {tenant}" if tenant else "the platform"
    return DataError(
        f"the audit of {whose} was changed from outside: {what}; see `assay audit verify`, then "
        "bring a backup back with `assay restore`"
    )
