"""What `assay up` is asked to trade, as one value that travels to the trader process."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.apps.config import Config
from assay.apps.lab.setup import Costs, Setup, find_profile, prepare
from assay.market.news import read_calendar
from assay.market.series import BarSeries, Series, TickSeries
from assay.market.simulation import Scenario, simulate, simulate_ticks
from assay.market.sources.parquet import read_parquet
from assay.model.errors import UsageError
from assay.model.time import Timeframe
from assay.trading.engine.loading import load_strategy

if TYPE_CHECKING:
    from assay.signals.features import BarColumns

SAMPLE = "eurusd_h1_sample_20170101_20171229.parquet"
MODEL_FILE = "model.json"
SOURCES = ("sample", "replay", "sim")
SIM_STRENGTH = 0.7
SIM_HISTORY, SIM_BARS = 58_500, 28_800
"""Minutes of the simulated market in its past, for training, and in the feed after them.

The feed begins on a Monday at 08:00 in New York and lasts twenty trading days, which at 60 times
the market's pace are eight hours.
"""


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold source, data, strategy, speed (market seconds a second, None unbounded), time.

    `calendar` names a file of releases, near which the modelled spread is wider; `seed`, `kind`
    and `strength` are those of the simulated market, None the usual ones. `model` is the one that
    strategy ai trades; the simulated market teaches one where none is named.
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
    model: str | None = None

    @property
    def needs_teaching(self) -> bool:
        """Say whether a model must be made before this plan can be traded."""
        return self.source == "sim" and self.strategy == "ai" and self.model is None

    def files(self) -> list[Path]:
        """Return the files to replay; raise UsageError where source and data contradict."""
        if self.source not in SOURCES:
            raise UsageError(f"source {self.source!r} is unknown; use {' or '.join(SOURCES)}")
        if self.source == "sim":
            self.scenario()
            return []
        if (self.seed, self.kind, self.strength) != (None, None, None):
            raise UsageError("--seed, --kind and --strength go with --source sim")
        if self.source == "sample":
            if self.data:
                raise UsageError("--data goes with --source replay; the sample is packaged")
            return [Path(str(files("assay.market.history.sample").joinpath(SAMPLE)))]
        if not self.data:
            raise UsageError("--source replay needs --data FILE")
        return [Path(name) for name in self.data]

    def scenario(self) -> Scenario:
        """Return the market to simulate; raise UsageError for one that makes no sense."""
        if self.data:
            raise UsageError("--data goes with --source replay; sim makes its own")
        return Scenario(
            seed=1 if self.seed is None else self.seed,
            kind="linear" if self.kind is None else self.kind,
            strength=SIM_STRENGTH if self.strength is None else self.strength,
            bars=SIM_HISTORY + SIM_BARS,
            timeframe=Timeframe.M1,
        )


def check_plan(plan: Plan, config: Config, home: Path) -> None:
    """Raise UsageError for what can be told to make no sense before any data is read or made."""
    plan.files()
    strategy = load_strategy(plan.strategy, home / "strategies")
    strategy.resolve(plan.params)
    find_profile(plan.risk or config.risk.profile)
    is_known = plan.model and (home / "models" / plan.model / MODEL_FILE).is_file()
    if plan.model and not is_known:
        raise UsageError(f"model {plan.model} is unknown; `assay train` makes one")
    if strategy.conclude is None and plan.model:
        raise UsageError(f"strategy {plan.strategy} takes no --model; strategy ai does")
    if strategy.conclude is not None and not (plan.model or plan.needs_teaching):
        raise UsageError(
            f"strategy {plan.strategy} trades on forecasts; name a model with --model "
            "(`assay train` makes one), or take --source sim"
        )


def _read_series(plan: Plan) -> list[Series]:
    if plan.source == "sim":
        return [*simulate_ticks(plan.scenario(), history=SIM_HISTORY)]
    side = "ask" if plan.source == "sample" else None
    return [read_parquet(path, side=side) for path in plan.files()]


def prepare_plan(plan: Plan, config: Config, home: Path) -> Setup:
    """Read the data and bring everything together; raise UsageError or DataError."""
    strategy = load_strategy(plan.strategy, home / "strategies")
    series = _read_series(plan)
    risk = plan.risk
    if risk is None and not getattr(strategy.module, "REFERENCE_COSTS", False):
        risk = config.risk.profile
    costs = Costs(releases=read_calendar(plan.calendar) if plan.calendar else ())
    setup = prepare(series, strategy, given=plan.params, costs=costs, risk=risk, config=config)
    if strategy.conclude is None and plan.model is None:
        return setup
    from assay.apps.lab.forecasting import with_model

    if plan.source == "sim":
        setup = replace(setup, history=past_columns(plan, config))
    return with_model(setup, home / "models" / plan.model if plan.model else None)


def past_series(plan: Plan) -> list[BarSeries]:
    """Return the bars of the simulated market before its feed begins."""
    scenario = replace(plan.scenario(), bars=SIM_HISTORY)
    return [simulated.bars for simulated in simulate(scenario)]


def past_columns(plan: Plan, config: Config) -> dict[str, BarColumns]:
    """Return the bars before the feed as features see them, just enough to settle on."""
    from assay.apps.lab.labelling import priced_columns
    from assay.signals.features import standard_set

    settling = standard_set(plan.scenario().timeframe).settling
    return {
        one.symbol: priced_columns(one.select(slice(-settling, None)), config)
        for one in past_series(plan)
    }


def identify_setup(plan: Plan, setup: Setup) -> str:
    """Return a digest of everything that decides a run's outcome but its feed position."""
    whole = sha256()
    calendar = [Path(plan.calendar)] if plan.calendar else []
    for path in [*plan.files(), *calendar]:
        whole.update(sha256(path.read_bytes()).digest())
    if plan.source == "sim":
        whole.update(repr(plan.scenario()).encode())
        for one in setup.series:
            assert isinstance(one, TickSeries)
            for column in (one.ts, one.bid, one.ask):
                whole.update(column.tobytes())
    facts = (
        setup.strategy.name, sorted(setup.params.items()), setup.profile.name,
        msgspec.json.encode(setup.account), [price.digits for price in setup.pricing],
        Path(setup.strategy.module.__file__ or "").read_bytes(),
    )  # fmt: skip
    if setup.forecaster is not None:
        facts = (*facts, setup.forecaster.artifact.graph_sha256, setup.forecaster.artifact.id)
    whole.update(repr(facts).encode())
    return whole.hexdigest()[:16]
