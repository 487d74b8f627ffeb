"""Keep the progress of a long fit, so that it goes on where it was stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lightgbm
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


class _Kept(msgspec.Struct, frozen=True):
    model: str
    rounds: int
    best_rounds: int
    best_loss: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Hold a booster under way: its rounds, and the best of them."""

    booster: lightgbm.Booster | None
    best: Best
    rounds: int

    @classmethod
    def open(cls, path: Path) -> Checkpoint:
        """Read a checkpoint; a missing or torn file is a fresh start."""
        try:
            kept = msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError):
            return cls(None, Best(), 0)
        booster = lightgbm.Booster(model_str=kept.model)
        return cls(booster, Best(kept.best_rounds, kept.best_loss), kept.rounds)

    def save(self, path: Path) -> None:
        """Write it beside, then into place."""
        assert self.booster is not None
        kept = _Kept(self.booster.model_to_string(), self.rounds, self.best.rounds, self.best.loss)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_bytes(msgspec.msgpack.encode(kept))
        beside.replace(path)
