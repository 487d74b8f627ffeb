"""The head of the trial ledger: how long it is, signed, in a file of its own."""

from __future__ import annotations

from pathlib import Path

import msgspec

from assay.books.audit.files import write_private
from assay.books.audit.keys import PublicKey, SigningKey
from assay.books.trials.lines import NO_LINE
from assay.model.errors import DataError

_DOMAIN = b"assay.trials.head.1\n"
HEAD = Path("heads") / "ledger.json"


class TrialsHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how many lines and trials the ledger has, the hash of the last one, and since when.

    `signature` is Ed25519 over "assay.trials.head.1", a line feed, and the JSON of the head with an
    empty signature.
    """

    lines: int = 0
    trials: int = 0
    hash: str = NO_LINE
    at: int = 0
    signature: str = ""

    def is_signed(self, key: PublicKey) -> bool:
        """Return whether the signature is the key's."""
        try:
            signature = bytes.fromhex(self.signature)
        except ValueError:
            return False
        return signature.hex() == self.signature and key.has_signed(signature, _signed_bytes(self))

    def sign(self, key: SigningKey) -> TrialsHead:
        """Return the head with the signature of the key."""
        return msgspec.structs.replace(self, signature=key.sign(_signed_bytes(self)).hex())


def _signed_bytes(head: TrialsHead) -> bytes:
    return _DOMAIN + msgspec.json.encode(msgspec.structs.replace(head, signature=""))


def read_head(folder: Path) -> TrialsHead | None:
    """Return the head of a ledger's folder, None where there is none.

    Raises DataError for one that is damaged or was edited.
    """
    path = folder / HEAD
    try:
        content = path.read_bytes()
        head = msgspec.json.decode(content, type=TrialsHead)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, ValueError) as error:
        raise DataError(f"head {path} is damaged ({error}); restore it from a backup") from None
    if msgspec.json.encode(head) + b"\n" != content:
        raise DataError(f"head {path} was edited; restore it from a backup")
    return head


def write_head(folder: Path, head: TrialsHead) -> None:
    """Replace the head of a ledger's folder in one step."""
    path = folder / HEAD
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(path, msgspec.json.encode(head) + b"\n")
