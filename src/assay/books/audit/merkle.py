"""The Merkle tree of RFC 6962, section 2.1: leaves and nodes are hashed apart."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"


def hash_leaf(content: bytes) -> bytes:
    """Return the hash of a leaf, SHA-256 of 0x00 and its content.

    >>> hash_leaf(b"").hex()[:16]
    '6e340b9cffb37a98'
    """
    return sha256(_LEAF + content).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, SHA-256 of 0x01 and its two children."""
    return sha256(_NODE + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over hashes of leaves, SHA-256 of nothing for none.

    Joining neighbours level by level, an odd last one rising as it is, splits each part at the
    largest power of two below its size, as the RFC asks.

    >>> merkle_root([]).hex()[:16]
    'e3b0c44298fc1c14'
    """
    if not leaves:
        return sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        pairs = len(level) // 2
        above = [hash_node(level[2 * at], level[2 * at + 1]) for at in range(pairs)]
        level = above + level[2 * pairs :]
    return level[0]


def split_leaves(packed: bytes) -> list[bytes]:
    """Return the hashes of a seal's leaves, one after the other in `packed`."""
    return [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)]
