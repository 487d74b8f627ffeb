"""The head of a chained ledger: how long it is, signed, in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from assay.books.audit.files import write_private
from assay.books.audit.keys import PublicKey, SigningKey
from assay.model.errors import DataError

HEAD = Path("heads") / "ledger.json"
NEXT = Path("heads") / "next.json"
"""The head that several lines will have, written before them and gone once HEAD counts them."""


class SignedHead(Protocol):
    """Say how many lines a ledger has, the hash of the last one, and since when (ns UTC).

    `signature` is Ed25519 over the domain of its kind and its JSON with an empty signature.
    """

    @property
    def lines(self) -> int: ...

    @property
    def hash(self) -> str: ...

    @property
    def at(self) -> int: ...

    @property
    def signature(self) -> str: ...


HeadT = TypeVar("HeadT", bound=SignedHead)


def change(record: Any, **words: object) -> Any:  # Any: whatever msgspec structure a kind has
    """Return a line or head with some of its fields changed."""
    return msgspec.structs.replace(record, **words)


def _signed_bytes(head: SignedHead, domain: bytes) -> bytes:
    return domain + msgspec.json.encode(change(head, signature=""))


def is_signed(head: SignedHead, key: PublicKey, domain: bytes) -> bool:
    """Return whether the signature is the key's."""
    try:
        signature = bytes.fromhex(head.signature)
    except ValueError:
        return False
    # The same bytes can be written in capitals; we never do.
    is_plain = signature.hex() == head.signature
    return is_plain and key.has_signed(signature, _signed_bytes(head, domain))


def sign_head(head: HeadT, key: SigningKey, domain: bytes) -> HeadT:
    """Return the head with the signature of the key."""
    signed: HeadT = change(head, signature=key.sign(_signed_bytes(head, domain)).hex())
    return signed


def read_head(folder: Path, kind: type[HeadT], name: Path = HEAD) -> HeadT | None:
    """Return the head of a ledger's folder, None where there is none.

    Raises DataError for one that is damaged or was edited.
    """
    path = folder / name
    try:
        content = path.read_bytes()
        head = msgspec.json.decode(content, type=kind)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, ValueError) as error:
        raise DataError(f"head {path} is damaged ({error}); restore it from a backup") from None
    if msgspec.json.encode(head) + b"\n" != content:
        raise DataError(f"head {path} was edited; restore it from a backup")
    return head


def write_head(folder: Path, head: SignedHead, name: Path = HEAD) -> None:
    """Replace the head of a ledger's folder in one step."""
    path = folder / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(path, msgspec.json.encode(head) + b"\n")
