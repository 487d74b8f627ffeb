"""Decide nothing: a person trades, by `assay order`, under every rule (docs/orders.md)."""

from __future__ import annotations

from typing import Any

NAME = "by-hand"
PARAMETERS: dict[str, int] = {}
REFERENCE_COSTS = False


def memory_words(params: dict[str, int]) -> int:  # noqa: ARG001 - nothing is remembered
    """Return the words of memory, of which there is one at least."""
    return 1


def decide(memory: Any, event: Any, position: Any, params: Any, intent: Any) -> None:
    """Leave everything to the person."""
