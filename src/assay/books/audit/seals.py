"""A seal: the signed root over one batch of a tenant's entries, chained to the seal before."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from assay.books.audit.entries import AuditEntry, hash_entry
from assay.books.audit.keys import PublicKey, SigningKey
from assay.books.audit.merkle import HASH_BYTES, merkle_root

NO_SEAL = bytes(HASH_BYTES)
"""Stands for the seal before the first."""

BATCH_MAX = 1 << 16
_DOMAIN = b"assay.audit.seal.1\x00"
_NUMBERS = Struct(">qqqqq")


class Seal(NamedTuple):
    """Hold one seal; `number` counts a tenant's seals from 1.

    It covers `size` entries from `first` on, up to `position` in the journal; `sealed_at` is in
    nanoseconds UTC. `leaves` are the hashes of the entries, one after the other: with them a
    changed entry is named exactly, and `root` vouches for them.
    """

    tenant: str
    number: int
    first: int
    size: int
    position: int
    sealed_at: int
    previous: bytes
    root: bytes
    hash: bytes
    signature: bytes
    leaves: bytes

    @property
    def last(self) -> int:
        """Return the number of the last entry covered."""
        return self.first + self.size - 1


def hash_seal(seal: Seal) -> bytes:
    """Return SHA-256 over what a seal says.

    The content is "assay.audit.seal.1" and a zero byte; number, first, size, position and
    sealed_at in 8 bytes each, big-endian; the previous seal's hash; the root; the tenant in UTF-8.
    """
    numbers = _NUMBERS.pack(seal.number, seal.first, seal.size, seal.position, seal.sealed_at)
    content = _DOMAIN + numbers + seal.previous + seal.root + seal.tenant.encode()
    return sha256(content).digest()


def seal_entries(
    entries: Sequence[AuditEntry], last: Seal | None, key: SigningKey, sealed_at: int
) -> Seal:
    """Return the seal of a batch of one tenant that follows `last`."""
    hashes = [hash_entry(entry) for entry in entries]
    draft = Seal(
        tenant=entries[0].tenant,
        number=last.number + 1 if last else 1,
        first=entries[0].number,
        size=len(entries),
        position=entries[-1].position,
        sealed_at=sealed_at,
        previous=last.hash if last else NO_SEAL,
        root=merkle_root(hashes),
        hash=b"",
        signature=b"",
        leaves=b"".join(hashes),
    )
    digest = hash_seal(draft)
    return draft._replace(hash=digest, signature=key.sign(_DOMAIN + digest))


def is_signed(seal: Seal, key: PublicKey) -> bool:
    """Return whether a seal's signature over its hash is the key's."""
    return key.has_signed(seal.signature, _DOMAIN + seal.hash)
