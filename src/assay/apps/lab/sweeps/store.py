"""Variants that were measured, kept in a folder so that a search that was stopped goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from assay.apps.lab.output import make_folder
from assay.apps.lab.sweeps.course import Measured
from assay.model.errors import DataError, UsageError

PLAN, VARIANTS = "plan.json", "variants"
FIGURES = ("net", "sharpe", "drawdown", "calmar", "orders", "fills", "denied", "costs")
COUNTS = frozenset({"net", "orders", "fills", "denied", "costs"})
Key = tuple[int, ...]


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Say what was searched, so that a folder never mixes two searches."""

    digest: str


class KeptVariants:
    """Hold the figures of variants by their parameters; with a folder, on the disk as well.

    Raises UsageError where the folder holds a search of something else, DataError where a file of
    it cannot be read.
    """

    def __init__(self, names: Sequence[str], digest: str, out: Path | None) -> None:
        self._names = tuple(names)
        self._found: dict[Key, Measured] = {}
        self._folder: Path | None = None
        if out is not None:
            self._folder = make_folder(out) / VARIANTS
            _require_same(out, digest)
            self._folder.mkdir(exist_ok=True)
            for path in sorted(self._folder.glob("[0-9]*.npz")):
                self._load(path)

    def find(self, variant: Mapping[str, int]) -> Measured | None:
        """Return the figures of a variant; None where it was not measured yet."""
        return self._found.get(self._key(variant))

    def keep(self, variants: Sequence[Mapping[str, int]], found: Sequence[Measured]) -> None:
        """Keep what variants came to: one file, whole or not at all."""
        keys = [self._key(variant) for variant in variants]
        self._found.update(zip(keys, found, strict=True))
        if self._folder is None:
            return
        path = self._folder / f"{len(list(self._folder.glob('[0-9]*.npz'))):06d}.npz"
        beside = path.with_name(f".{path.name}")
        figures = [
            [np.nan if getattr(one, name) is None else getattr(one, name) for name in FIGURES]
            for one in found
        ]
        with beside.open("wb") as file:
            np.savez(
                file, params=np.array(keys, np.int64), figures=np.array(figures, np.float64),
                lengths=np.array([len(one.returns) for one in found], np.int64),
                returns=np.concatenate([one.returns for one in found]),
            )  # fmt: skip
        beside.replace(path)

    def _key(self, variant: Mapping[str, int]) -> Key:
        return tuple(variant[name] for name in self._names)

    def _load(self, path: Path) -> None:
        try:
            with np.load(path) as columns:
                params, figures = columns["params"], columns["figures"]
                runs = np.split(columns["returns"], np.cumsum(columns["lengths"])[:-1])
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"{path} cannot be read ({error}); remove it and go on") from None
        for row, values, returns in zip(params.tolist(), figures.tolist(), runs, strict=True):
            told = {
                name: _read_figure(name, value) for name, value in zip(FIGURES, values, strict=True)
            }
            self._found[tuple(row)] = Measured(**told, returns=returns)


def _read_figure(name: str, value: float) -> float | int | None:
    if np.isnan(value):
        return None
    return int(value) if name in COUNTS else value


def _require_same(out: Path, digest: str) -> None:
    path = out / PLAN
    if not path.exists():
        beside = out / f".{PLAN}"
        beside.write_bytes(msgspec.json.encode(_Plan(digest=digest)))
        beside.replace(path)
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=_Plan)
    except msgspec.MsgspecError as error:
        raise DataError(f"{path}: {error}; name another --out") from None
    if plan.digest != digest:
        raise UsageError(
            f"{out} holds a search of other data or options, or of another version of the "
            "program; name another --out"
        )
