"""What a way to augment must do: make rows like those it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from assay.signals.models.ports import Examples, Features, Int8s


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeRequest:
    """Ask for `count` rows like those shown; say by which seed, and where to keep progress."""

    like: Examples
    count: int
    seed: int
    checkpoint: Path
    on_progress: Callable[[int, int], None] | None = None


class Made(NamedTuple):
    """Hold made rows: features [count, k] or windows [count, window, k], and directions [count]."""

    features: Features
    up: Int8s


class Augmentation(Protocol):
    """One way to make rows; its folder under signals/augmentation bears its name."""

    @property
    def name(self) -> str:
        """Return its name."""
        ...

    def make(self, request: MakeRequest) -> Made:
        """Learn from the rows shown and make others; equal requests give equal ones.

        It remembers nothing from one request to the next but what lies in the checkpoint.
        """
        ...
