"""Keep the progress of a long fit, so that it goes on where it was stopped."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec


class Best(msgspec.Struct, frozen=True):
    """Hold after how many rounds later rows were predicted best, and how well."""

    rounds: int = 1
    loss: float = float("inf")

    def follow(self, done: int, losses: list[float]) -> Best:
        """Return the last of the rounds after `done`, whatever it reached."""
        return Best(done + len(losses), float(losses[-1]))

    def improve(self, done: int, losses: list[float]) -> Best:
        """Return the better of this and what the rounds after `done` reached."""
        found = self
        for at, loss in enumerate(losses, done + 1):
            if loss < found.loss:
                found = Best(at, float(loss))
        return found


class Checkpoint(msgspec.Struct, frozen=True):
    """Hold a model under way, in the bytes of its library, its rounds, and the best of them."""

    model: bytes = b""
    rounds: int = 0
    best: Best = Best()


class _Kept(msgspec.Struct, frozen=True):
    recipe: str
    digest: bytes
    checkpoint: msgspec.Raw


def open_checkpoint(path: Path, recipe: str) -> Checkpoint:
    """Read a checkpoint; one that is missing, torn or of another recipe is a fresh start."""
    try:
        kept = msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
        if kept.recipe != recipe or sha256(kept.checkpoint).digest() != kept.digest:
            return Checkpoint()
        return msgspec.msgpack.decode(kept.checkpoint, type=Checkpoint)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return Checkpoint()


def save_checkpoint(path: Path, recipe: str, checkpoint: Checkpoint) -> None:
    """Write it beside, then into place; `recipe` says what made it."""
    told = msgspec.msgpack.encode(checkpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    kept = _Kept(recipe, sha256(told).digest(), msgspec.Raw(told))
    beside.write_bytes(msgspec.msgpack.encode(kept))
    beside.replace(path)
