"""The variants of a search: values of each parameter, and conditions that a variant has to meet."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from assay.model.errors import UsageError
from assay.runtime.ids import seeded_generator

VARIANTS_MAX = 20_000
"""Variants of one search; each is a look and a line of the trial ledger."""
LISTED_MAX = 1_000_000
DRAWS_A_VARIANT = 50
Variant = dict[str, int]

_COMPARISONS: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_SUMS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Axis:
    """Hold the values that a parameter is given, each once, rising."""

    name: str
    values: tuple[int, ...]


def parse_axis(text: str) -> Axis:
    """Read name=first:last:step (the last included), name=first:last or name=a,b,c.

    >>> parse_axis("fast=5:20:5").values, parse_axis("slow=50,200").values
    ((5, 10, 15, 20), (50, 200))
    """
    name, sign, said = text.partition("=")
    wrong = UsageError(f"--grid {text!r} is not of the form name=first:last:step or name=a,b,c")
    if not sign or not name.strip():
        raise wrong
    try:
        numbers = [int(each) for each in said.replace(":", ",").split(",")]
    except ValueError:
        raise wrong from None
    if ":" not in said:
        return Axis(name.strip(), tuple(sorted(set(numbers))))
    if len(numbers) not in (2, 3) or "," in said:
        raise wrong
    first, last, step = [*numbers, 1][:3]
    if step < 1 or last < first:
        raise UsageError(f"--grid {text!r} has no values: first <= last and step >= 1 are needed")
    if (last - first) // step >= VARIANTS_MAX:
        raise UsageError(
            f"--grid {text!r} has more than {VARIANTS_MAX:,} values; take a wider step"
        )
    return Axis(name.strip(), tuple(range(first, last + 1, step)))


class Condition:
    """Hold what `--where` asks of a variant: comparisons of sums, joined by and, or, not."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self._text = text
        try:
            self._root = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            raise self._refusal() from None
        # Asked once of any variant, so that what it cannot read is refused before a look.
        self.holds(dict.fromkeys(names, 1))

    def holds(self, variant: Mapping[str, int]) -> bool:
        """Return whether a variant meets it; raise UsageError for what is no such condition."""
        found = self._weigh(self._root, variant)
        if not isinstance(found, bool):
            raise self._refusal()
        return found

    def _refusal(self) -> UsageError:
        return UsageError(
            f"--where {self._text!r} is no condition of the parameters; write one like "
            '"fast < slow and slow - fast >= 10"'
        )

    def _weigh(self, node: ast.expr, variant: Mapping[str, int]) -> Any:  # Any: truth or number
        match node:
            case ast.BoolOp(op=op, values=values):
                found = [self._truth(each, variant) for each in values]
                return all(found) if isinstance(op, ast.And) else any(found)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self._truth(operand, variant)
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [self._number(each, variant) for each in (left, *others)]
                if not all(type(op) in _COMPARISONS for op in ops):
                    raise self._refusal()
                return all(
                    _COMPARISONS[type(op)](one, other)
                    for op, one, other in zip(ops, sides, sides[1:], strict=False)
                )
        return self._number(node, variant)

    def _truth(self, node: ast.expr, variant: Mapping[str, int]) -> bool:
        found = self._weigh(node, variant)
        if not isinstance(found, bool):
            raise self._refusal()
        return found

    def _number(self, node: ast.expr, variant: Mapping[str, int]) -> int:
        match node:
            case ast.Constant(value=bool()):
                raise self._refusal()
            case ast.Constant(value=int(value)):
                return value
            case ast.Name(id=name):
                if name not in variant:
                    raise UsageError(
                        f"--where {self._text!r}: there is no parameter {name!r}; there are "
                        f"{', '.join(variant)}"
                    )
                return variant[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._number(operand, variant)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SUMS:
                return _SUMS[type(op)](self._number(left, variant), self._number(right, variant))
        raise self._refusal()


@dataclass(frozen=True, slots=True)
class Grid:
    """Hold the values that are searched, the parameters that are not, and what a variant must meet.

    `usual` has every parameter of the strategy.
    """

    axes: Sequence[Axis]
    usual: Mapping[str, int]
    where: Condition | None = None

    def variant(self, values: Sequence[int]) -> Variant:
        """Return the variant with these values on the axes."""
        return {**self.usual, **dict(zip(self.names, values, strict=True))}

    @property
    def names(self) -> list[str]:
        """Return the parameters that are searched."""
        return [axis.name for axis in self.axes]

    def meets(self, variant: Variant) -> bool:
        """Return whether a variant meets the condition."""
        return self.where is None or self.where.holds(variant)

    def variants(self) -> list[Variant]:
        """Return every variant that meets the condition, the last axis turning fastest.

        Raises UsageError for none or too many.
        """
        size = prod(len(axis.values) for axis in self.axes)
        if size > LISTED_MAX:
            raise UsageError(
                f"the grid has {size:,} variants; take wider steps, or some by --random"
            )
        every = map(self.variant, product(*(axis.values for axis in self.axes)))
        return _require_some([variant for variant in every if self.meets(variant)])

    def draw(self, count: int, seed: int) -> list[Variant]:
        """Return so many different variants that meet the condition, fewer where there are no more.

        Raises UsageError for none or too many.
        """
        generator, drawn = seeded_generator(seed), dict[tuple[int, ...], Variant]()
        for _ in range(DRAWS_A_VARIANT * count):
            values = tuple(int(generator.choice(axis.values)) for axis in self.axes)
            variant = self.variant(values)
            if self.meets(variant):
                drawn[values] = variant
            if len(drawn) == count:
                break
        return _require_some(list(drawn.values()))


def _require_some(found: list[Variant]) -> list[Variant]:
    if not found:
        raise UsageError("no variant of the grid meets --where; change one of the two")
    if len(found) > VARIANTS_MAX:
        raise UsageError(
            f"{len(found):,} variants are more than {VARIANTS_MAX:,}; take wider steps, or some by "
            "--random"
        )
    return found
