"""Settings of several families in one list of names, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assay.signals.models import Space, Value, find_family


def join_spaces(families: Sequence[str]) -> Space:
    """Return the settings of all families, each named `family.setting`."""
    return tuple(
        replace(each, name=f"{family}.{each.name}")
        for family in families
        for each in find_family(family).space
    )


def group_settings(settings: Mapping[str, Value]) -> dict[str, dict[str, Value]]:
    """Return settings named `family.setting` by family.

    >>> group_settings({"lightgbm.num_leaves": 6, "xgboost.max_bin": 8})
    {'lightgbm': {'num_leaves': 6}, 'xgboost': {'max_bin': 8}}
    """
    found: dict[str, dict[str, Value]] = {}
    for name, value in settings.items():
        family, _, setting = name.partition(".")
        found.setdefault(family, {})[setting] = value
    return found
