"""Ids as pure functions of what they name."""

from __future__ import annotations

from hashlib import blake2b
from typing import NewType

TenantId = NewType("TenantId", str)
OrderKey = NewType("OrderKey", int)

SHARED = TenantId("")
"""The tenant of what belongs to nobody: market data, features, shared models."""


def derive_order_key(
    account: str, strategy: str, symbol: str, ts_bar: int, intent: str, ordinal: int
) -> OrderKey:
    """Return the 63-bit idempotency key of one order; a replayed decision has the same key."""
    text = f"{account}\x1f{strategy}\x1f{symbol}\x1f{ts_bar}\x1f{intent}\x1f{ordinal}"
    digest = blake2b(text.encode(), digest_size=8, person=b"assay.order").digest()
    return OrderKey(int.from_bytes(digest, "big") >> 1)
