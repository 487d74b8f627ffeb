"""The heads: how far each chain is, signed, in files outside the database."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

import msgspec

from assay.books.audit.files import write_private
from assay.books.audit.keys import PublicKey, SigningKey
from assay.books.audit.seals import NO_SEAL, Seal
from assay.model.errors import DataError

_DOMAIN = b"assay.audit.head.1\n"
_SHARED = "@platform"
_SUFFIX = ".json"
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how many entries a tenant's chain has, and the number and hash of its last seal.

    `signature` is over the rest: "assay.audit.head.1", a line feed, and the JSON of the head with
    an empty signature. Hashes and signatures are hexadecimal; `sealed_at` is in nanoseconds UTC.
    """

    tenant: str
    count: int
    seal: int
    hash: str
    sealed_at: int
    signature: str = ""

    def is_signed(self, key: PublicKey) -> bool:
        """Return whether the signature is the key's."""
        try:
            signature = bytes.fromhex(self.signature)
        except ValueError:
            return False
        # The same bytes can be written in capitals; we never do.
        return signature.hex() == self.signature and key.has_signed(signature, _signed_bytes(self))


def _signed_bytes(head: Head) -> bytes:
    return _DOMAIN + msgspec.json.encode(msgspec.structs.replace(head, signature=""))


def sign_head(tenant: str, last: Seal | None, key: SigningKey) -> Head:
    """Return the head of a chain that ends with a seal, or of one that has none yet."""
    draft = Head(
        tenant=tenant,
        count=last.last if last else 0,
        seal=last.number if last else 0,
        hash=(last.hash if last else NO_SEAL).hex(),
        sealed_at=last.sealed_at if last else 0,
    )
    return msgspec.structs.replace(draft, signature=key.sign(_signed_bytes(draft)).hex())


def encode_head(head: Head) -> bytes:
    """Return the bytes of a head's file."""
    return msgspec.json.encode(head) + b"\n"


def parse_head(content: bytes, source: object) -> Head:
    """Read a head; raise DataError for anything but the bytes that were once written."""
    try:
        head = msgspec.json.decode(content, type=Head)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DataError(f"head {source} is damaged ({error}); restore it from a backup") from None
    if encode_head(head) != content:
        raise DataError(f"head {source} was edited; restore it from a backup")
    return head


class HeadFolder:
    """Keep one file per tenant, each replaced in one step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, tenant: str) -> Path:
        """Return the file of a tenant's head."""
        return self.folder / (_file_stem(tenant) + _SUFFIX)

    def tenants(self) -> list[str]:
        """Return the tenants that have a head."""
        try:
            names = [entry.name for entry in os.scandir(self.folder)]
        except FileNotFoundError:
            return []
        stems = [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
        found = ["" if stem == _SHARED else unquote(stem, errors="replace") for stem in stems]
        return sorted(each for each, stem in zip(found, stems, strict=True) if _is(each, stem))

    def read(self, tenant: str) -> Head | None:
        """Return a tenant's head, None where there is none; raise DataError for a damaged one."""
        path = self.path(tenant)
        try:
            head = parse_head(path.read_bytes(), path)
        except FileNotFoundError:
            return None
        if head.tenant != tenant:
            raise DataError(f"head {path} is of tenant {head.tenant!r}; restore it from a backup")
        return head

    def write(self, head: Head) -> None:
        """Replace a tenant's head."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.path(head.tenant), encode_head(head))


def _file_stem(tenant: str) -> str:
    # Some file systems fold case, and a tenant may be called anything.
    octets = tenant.encode()
    plain = "".join(chr(each) if each in _PLAIN else f"%{each:02x}" for each in octets)
    return plain or _SHARED


def _is(tenant: str, stem: str) -> bool:
    return _file_stem(tenant) == stem
