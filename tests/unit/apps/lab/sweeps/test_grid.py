"""Variants of a search: what may be written, and what is refused before a look is taken."""

from __future__ import annotations

import pytest

from assay.apps.lab.sweeps.grid import Axis, Condition, Grid, parse_axis
from assay.model.errors import UsageError

NAMES = ["fast", "slow"]


def grid(where: str = "") -> Grid:
    axes = [parse_axis("fast=5:15:5"), parse_axis("slow=20,10")]
    condition = Condition(where, [*NAMES, "units"]) if where else None
    return Grid(axes, {"fast": 1, "slow": 2, "units": 3}, condition)


def test_every_variant_once_the_last_axis_turning_fastest() -> None:
    variants = grid().variants()
    assert variants[:3] == [
        {"fast": 5, "slow": 10, "units": 3}, {"fast": 5, "slow": 20, "units": 3},
        {"fast": 10, "slow": 10, "units": 3},
    ]  # fmt: skip
    assert len(variants) == 6


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("fast < slow", 4), ("fast < slow and not slow == 20", 1), ("slow - 2 * fast >= 0", 3),
        ("fast == 5 or units != 3", 2), ("5 < fast < 15", 2), ("-fast <= -15", 2),
    ],
)  # fmt: skip
def test_a_condition_chooses_among_them(where: str, count: int) -> None:
    assert len(grid(where).variants()) == count


@pytest.mark.parametrize(
    "where",
    [
        "fast", "fast + slow", "fast <", "__import__('os').getcwd() == 1", "fast.real < 3",
        "fast < 1.5", "fast < True", "[1][0] < fast", "fast is slow", "(lambda: 1)() < 2",
        "fast ** slow < 3", "fast < slower", "fast < slow and slow", "",
    ],
)  # fmt: skip
def test_what_is_no_condition_of_variants_is_refused_unread(where: str) -> None:
    with pytest.raises(UsageError, match="--where"):
        Condition(where, NAMES)


@pytest.mark.parametrize(
    "text",
    ["fast", "=1:2", "fast=", "fast=1:2:3:4", "fast=5:1", "fast=1:9:0", "fast=a", "fast=1:9,2"],
)  # fmt: skip
def test_an_axis_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--grid"):
        parse_axis(text)


def test_none_and_too_many_are_refused() -> None:
    with pytest.raises(UsageError, match="no variant"):
        grid("fast > slow + 100").variants()
    wide = Grid([Axis("fast", tuple(range(200))), Axis("slow", tuple(range(200)))], {})
    with pytest.raises(UsageError, match=r"40,000 variants are more than 20,000"):
        wide.variants()


def test_draws_are_different_variants_that_meet_the_condition_by_seed() -> None:
    axes = [Axis("fast", tuple(range(1, 50))), Axis("slow", tuple(range(1, 50)))]
    chosen = Grid(axes, {"fast": 1, "slow": 1}, Condition("fast < slow", NAMES))
    drawn = chosen.draw(40, 7)
    assert len({tuple(variant.values()) for variant in drawn}) == 40
    assert all(variant["fast"] < variant["slow"] for variant in drawn)
    assert drawn == chosen.draw(40, 7) != chosen.draw(40, 8)
    assert len(grid("fast == 5").draw(40, 1)) == 2
