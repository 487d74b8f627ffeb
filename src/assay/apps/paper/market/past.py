"""What a live market was before a run: the terminal's bars that the bridge keeps of an edge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from assay.apps.bridge.inbox import Kept
from assay.apps.lab.feeds.events import TICK_BARS
from assay.apps.lab.runs.setup import Setup
from assay.apps.link.frames import HISTORY, Lost, PackedCodec, Past
from assay.apps.link.log import LogReader
from assay.apps.paper.plan import Plan
from assay.apps.paper.venue.edges import edge_folder
from assay.model.errors import UsageError
from assay.model.time import SECOND, format_time
from assay.runtime.home import Home
from assay.signals.streams.columns import BarColumns

PAST = "past.msgpack"
SHOWN_BARS = 2_000
"""Bars of the past that a run without a model knows: a chart and correlations need no more."""
_SCAN = 1_024
Bars = dict[str, list[tuple[int, int, int, int, int, int]]]


class KeptPast(msgspec.Struct, frozen=True):
    """Hold the bars before a run, and which run of which edge that is."""

    edge: str
    begun: int
    bars: Bars


def with_terminal_past(setup: Setup, plan: Plan, home: Home) -> Setup:
    """Return a setup with the bars before a live run, the same ones at every start of it.

    Raises UsageError where its model needs more of them than the terminal has sent.
    """
    reach, model = SHOWN_BARS, setup.forecaster
    if model is not None:
        features = model.artifact.taught.feature_set
        if features.inputs:
            raise UsageError(
                f"{model.artifact.id} reads {', '.join(features.inputs)} of quotes, which a "
                "terminal's bars of the past do not tell; train a model without"
            )
        reach = features.settling + model.window - 1
    bars = _kept_bars(plan, home, setup, reach)
    if model is not None:
        _require(bars, setup, reach, model.artifact.id)
    history = {symbol: _columns(rows) for symbol, rows in bars.items() if rows}
    return replace(setup, history=history)


def _kept_bars(plan: Plan, home: Home, setup: Setup, reach: int) -> Bars:
    """Return the bars as this run was begun with, or those that the bridge keeps now."""
    path = home.folder("live") / PAST
    try:
        kept = msgspec.msgpack.decode(path.read_bytes(), type=KeptPast)
    except (FileNotFoundError, msgspec.MsgspecError):
        kept = None
    if kept is None or (kept.edge, kept.begun) != (plan.edge, plan.begun):
        found = read_bars(edge_folder(home, plan.edge or "") / HISTORY, setup, plan.begun)
        kept = KeptPast(plan.edge or "", plan.begun, found)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(msgspec.msgpack.encode(kept))
        fresh.replace(path)
    return {symbol: rows[-reach:] for symbol, rows in kept.bars.items()}


def read_bars(folder: Path, setup: Setup, until: int) -> Bars:
    """Return the bars that an edge has sent of each symbol and that closed by a time, in order."""
    digits = {spec.symbol: spec.digits for spec in setup.instruments}
    found: dict[str, dict[int, tuple[int, int, int, int, int, int]]] = {
        symbol: {} for symbol in digits
    }
    reader, codec = LogReader(folder), PackedCodec()
    while folder.is_dir() and (records := reader.read(_SCAN, 1 << 20)):
        for record in records:
            kept = codec.decode(record.payload, Kept)
            past = codec.decode(bytes(kept.record), Past | Lost)
            is_ours = isinstance(past, Past) and past.symbol in digits
            if not is_ours or past.seconds * SECOND != int(TICK_BARS):
                continue
            if past.digits != digits[past.symbol]:
                raise UsageError(
                    f"the terminal's bars of {past.symbol} have {past.digits} digits and it is "
                    f"traded with {digits[past.symbol]}; set digits = {past.digits} under "
                    f"[instruments.{past.symbol}] in config.toml"
                )
            found[past.symbol].update({bar[0]: bar for bar in past.bars if bar[0] <= until})
    return {symbol: [rows[close] for close in sorted(rows)] for symbol, rows in found.items()}


def _require(bars: Bars, setup: Setup, reach: int, model: str) -> None:
    short = []
    for symbol in setup.symbols:
        rows = bars.get(symbol, [])
        if len(rows) < reach:
            since = f" since {format_time(rows[0][0])}" if rows else ""
            short.append(f"{len(rows)} bars of {symbol}{since}")
    if short:
        raise UsageError(
            f"model {model} needs {reach} bars of a minute before its first and the terminal has "
            f"sent {', '.join(short)}; scroll its chart back, let `assay connector` run, and start "
            "again"
        )


def _columns(rows: list[tuple[int, int, int, int, int, int]]) -> BarColumns:
    return BarColumns(*np.array(rows, np.int64).T.copy())
