"""What `assay up` is asked to trade, as one value that travels to the trader process.

The process in front reads a plan without the engine: to load that takes it a second.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.model.accounts import MarginMode
from assay.model.errors import UsageError
from assay.model.time import Timeframe

if TYPE_CHECKING:
    from assay.market.simulation import Scenario

SAMPLE = "eurusd_h1_sample_20170101_20171229.parquet"
MODEL_FILE = "model.json"
SOURCES = ("sample", "replay", "sim", "live")
BROKERS = ("paper", "edge")
SIM_STRENGTH = 0.7
SIM_HISTORY, SIM_BARS = 58_500, 28_800
"""Minutes of the simulated market in its past, for training, and in the feed after them.

The feed begins on a Monday at 08:00 in New York and lasts twenty trading days, which at 60 times
the market's pace are eight hours.
"""


class Venue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the account at a venue that fills its orders; its opening balance in minor units.

    `leverage` is 0 where the edge did not tell it.
    """

    account: str
    tenant: str
    currency: str
    currency_digits: int
    balance: int
    leverage: int = 0
    margin_mode: MarginMode = "netting"


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold source, data, strategy, speed (market seconds a second, None unbounded), time.

    `calendar` names a file of releases, near which the modelled spread is wider; `seed`, `kind`,
    `strength` and `symbols` are those of the simulated market, None the usual ones. `model` is the
    one that strategy ai trades; the simulated market teaches one where none is named. One that
    `follows` trades the champion, as the log was when it had so many `lines`. A `challenger`
    forecasts beside it and is not traded. Source live is what the bridge keeps of an `edge`: its
    `symbols`, from the record behind `base` on; `begun` (ns UTC) is when that was settled. Its
    orders go to the `broker` paper, or edge: the edge's own terminal. Where the edge's quotes fail
    those of its `fallbacks` serve, each from the record behind its base in `bases`; `ranks` are
    the sources of symbols that have others, or another order. Exits that the edge cannot carry out
    go by the edge `other_road` of the same login.
    """

    source: str = "sample"
    data: tuple[str, ...] = ()
    strategy: str = "sma-cross"
    params: dict[str, str] = {}
    risk: str | None = None
    speed: float | None = None
    seconds: float | None = None
    calendar: str | None = None
    seed: int | None = None
    kind: str | None = None
    strength: float | None = None
    symbols: tuple[str, ...] | None = None
    model: str | None = None
    follows: bool = False
    lines: int = 0
    challenger: str | None = None
    edge: str | None = None
    begun: int = 0
    base: int = 0
    broker: str = "paper"
    venue: Venue | None = None
    fallbacks: tuple[str, ...] = ()
    other_road: str | None = None
    ranks: dict[str, tuple[str, ...]] = {}
    bases: tuple[int, ...] = ()

    @property
    def edges(self) -> tuple[str, ...]:
        """Return whose quotes are followed, the first choice first."""
        return (self.edge or "", *self.fallbacks)

    @property
    def needs_teaching(self) -> bool:
        """Say whether a model must be made before this plan can be traded."""
        return self.source == "sim" and self.strategy == "ai" and self.model is None

    def files(self) -> list[Path]:
        """Return the files to replay; raise UsageError where source and data contradict."""
        if self.source not in SOURCES:
            raise UsageError(f"source {self.source!r} is unknown; use {' or '.join(SOURCES)}")
        if self.source == "sim":
            if self.data:
                raise UsageError("--data goes with --source replay; sim makes its own")
            return []
        if self.source == "live":
            self._check_live()
            return []
        if self.edge is not None or self.fallbacks or self.other_road or self.broker != "paper":
            raise UsageError("--edge, --fallback, --other-road and --broker go with --source live")
        if {self.seed, self.kind, self.strength, self.symbols} != {None}:
            raise UsageError("--seed, --kind, --strength and --symbols go with --source sim")
        if self.source == "sample":
            if self.data:
                raise UsageError("--data goes with --source replay; the sample is packaged")
            return [Path(str(files("assay.market.history.sample").joinpath(SAMPLE)))]
        if not self.data:
            raise UsageError("--source replay needs --data FILE")
        return [Path(name) for name in self.data]

    def _check_live(self) -> None:
        if self.broker not in BROKERS:
            raise UsageError(f"broker {self.broker!r} is unknown; use {' or '.join(BROKERS)}")
        if self.other_road and self.broker != "edge":
            raise UsageError("--other-road goes with --broker edge: it carries exits")
        if not self.symbols:
            raise UsageError("--source live needs --symbols, such as EURUSD,XAUUSD")
        if self.data or {self.seed, self.kind, self.strength} != {None}:
            raise UsageError("--source live takes neither --data nor a simulated market's options")
        if self.speed is not None:
            raise UsageError("a live market has its own pace; leave out --speed")
        if self.challenger:
            raise UsageError("nobody challenges on a live market yet; leave out --challenger")

    def scenario(self) -> Scenario:
        """Return the market to simulate; raise UsageError for one that makes no sense."""
        from assay.market.simulation import SYMBOLS, Scenario

        return Scenario(
            seed=1 if self.seed is None else self.seed,
            kind="linear" if self.kind is None else self.kind,
            strength=SIM_STRENGTH if self.strength is None else self.strength,
            bars=SIM_HISTORY + SIM_BARS,
            timeframe=Timeframe.M1,
            symbols=SYMBOLS if self.symbols is None else self.symbols,
        )


def check_files(plan: Plan, home: Path) -> None:
    """Raise UsageError where source and data contradict, or the model is none of the home's."""
    plan.files()
    for model in filter(None, (plan.model, plan.challenger)):
        if not (home / "models" / model / MODEL_FILE).is_file():
            raise UsageError(f"model {model} is unknown; `assay train` makes one")
    if plan.challenger and plan.challenger == plan.model:
        raise UsageError(f"{plan.model} is traded; name another model with --challenger")
