"""The key that signs the audit of a home: private in one file, public beside it."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from assay.books.audit.files import write_private
from assay.model.errors import DataError, OperatorError

PRIVATE, PUBLIC = "key.pem", "key.pub.pem"


class PublicKey:
    """Verify what the key of a home has signed."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.fingerprint = sha256(raw).hexdigest()

    @classmethod
    def parse(cls, pem: bytes, source: object) -> PublicKey:
        """Read the PEM of a public key; raise DataError naming its source for anything else."""
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise DataError(
                f"public key {source} cannot be read ({error}); restore it from a backup"
            ) from None
        if not isinstance(key, Ed25519PublicKey):
            raise DataError(f"public key {source} is no Ed25519 key; restore it from a backup")
        found = cls(key)
        if found.pem != pem:
            raise DataError(f"public key {source} was edited; restore it from a backup")
        return found

    def has_signed(self, signature: bytes, content: bytes) -> bool:
        """Return whether the signature over the content is this key's."""
        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """Sign for a home."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    @classmethod
    def generate(cls) -> SigningKey:
        """Return a new key."""
        return cls(Ed25519PrivateKey.generate())

    def sign(self, content: bytes) -> bytes:
        """Return the 64 bytes of a signature."""
        return self._key.sign(content)

    def to_pem(self) -> bytes:
        """Return the private key, unencrypted, in PKCS #8."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def open_key(folder: Path) -> SigningKey:
    """Return the signing key of a folder, made on first use with mode 600.

    Raises DataError when either file is damaged or they do not belong together, OperatorError
    when one of them is missing.
    """
    private, public = folder / PRIVATE, folder / PUBLIC
    if not private.exists():
        return _create(folder)
    try:
        key = load_pem_private_key(private.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise DataError(f"{private} is damaged ({error}); restore it from a backup") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise DataError(f"{private} is no Ed25519 key; restore it from a backup")
    found = SigningKey(key)
    if found.to_pem() != private.read_bytes():
        raise DataError(f"{private} was edited; restore it from a backup")
    if not public.exists():
        _require_unused(folder, PUBLIC)
        write_private(public, found.public.pem)
    if load_public_key(folder).fingerprint != found.public.fingerprint:
        raise DataError(f"{private} and {public} do not belong together; restore both")
    return found


def _create(folder: Path) -> SigningKey:
    _require_unused(folder, PRIVATE)
    if (folder / PUBLIC).exists():
        raise OperatorError(f"{folder / PRIVATE} is missing; restore it from a backup")
    key = SigningKey.generate()
    write_private(folder / PRIVATE, key.to_pem())
    write_private(folder / PUBLIC, key.public.pem)
    return key


def _require_unused(folder: Path, name: str) -> None:
    # A kill between the two files leaves no head; later a missing key is no accident.
    heads = folder / "heads"
    if heads.is_dir() and os.listdir(heads):
        raise OperatorError(f"{folder / name} is missing; restore it from a backup")


def load_public_key(folder: Path) -> PublicKey:
    """Return the public key of a folder; raise DataError when it is missing or damaged."""
    path = folder / PUBLIC
    try:
        return PublicKey.parse(path.read_bytes(), path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; restore it from a backup") from None
