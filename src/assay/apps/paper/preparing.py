"""From a plan to a market, a strategy and costs, ready to trade."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.apps.config import Config
from assay.apps.lab.runs.setup import Costs, Setup, configured_profile, prepare
from assay.apps.paper.market.live import prepare_live
from assay.apps.paper.plan import SIM_HISTORY, Plan, check_files
from assay.market.news import read_calendar
from assay.market.series import BarSeries, Series, TickSeries
from assay.market.simulation import simulate, simulate_ticks
from assay.market.sources.parquet import read_parquet
from assay.model.errors import UsageError
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.terms import PROFILES, RiskProfile

if TYPE_CHECKING:
    from assay.signals.features import BarColumns


def check_plan(plan: Plan, config: Config, home: Path) -> None:
    """Raise UsageError for what can be told to make no sense before any data is read or made."""
    check_files(plan, home)
    if plan.source == "sim":
        plan.scenario()
    strategy = load_strategy(plan.strategy, home / "strategies")
    strategy.resolve(plan.params)
    configured_profile(config, plan.risk or config.risk.profile)
    if strategy.conclude is None and plan.model:
        raise UsageError(f"strategy {plan.strategy} takes no --model; strategy ai does")
    if strategy.conclude is None and plan.challenger:
        raise UsageError(f"strategy {plan.strategy} takes no --challenger; strategy ai does")
    if strategy.conclude is not None and not (plan.model or plan.needs_teaching):
        raise UsageError(
            f"strategy {plan.strategy} trades on forecasts; name a model with --model "
            "(`assay train` makes one), or take --source sim"
        )


def _read_series(plan: Plan) -> list[Series]:
    if plan.source == "sim":
        return [*simulate_ticks(plan.scenario(), history=SIM_HISTORY)]
    return [read_parquet(path) for path in plan.files()]


def prepare_plan(plan: Plan, config: Config, home: Path) -> Setup:
    """Read the data and bring everything together; raise UsageError or DataError."""
    check_plan(plan, config, home)
    if plan.source == "live":
        setup = prepare_live(plan, config, strategies=home / "strategies")
        return _with_model(setup, plan, config, home)
    strategy = load_strategy(plan.strategy, home / "strategies")
    series = _read_series(plan)
    risk = plan.risk
    if risk is None and not getattr(strategy.module, "REFERENCE_COSTS", False):
        risk = config.risk.profile
    costs = Costs(releases=read_calendar(plan.calendar) if plan.calendar else ())
    setup = prepare(series, strategy, given=plan.params, costs=costs, risk=risk, config=config)
    setup = _with_model(setup, plan, config, home)
    if plan.source == "sim" and strategy.conclude is not None:
        setup = replace(setup, history=past_columns(plan, config, _reach(setup, plan)))
    return setup


def _with_model(setup: Setup, plan: Plan, config: Config, home: Path) -> Setup:
    if setup.strategy.conclude is None and plan.model is None:
        return setup
    from assay.apps.lab.models.forecasting import with_model

    folder = home / "models" / plan.model if plan.model else None
    return with_model(setup, folder, config.ensemble.deadline)


def past_series(plan: Plan) -> list[BarSeries]:
    """Return the bars of the simulated market before its feed begins."""
    scenario = replace(plan.scenario(), bars=SIM_HISTORY)
    return [simulated.bars for simulated in simulate(scenario)]


def _reach(setup: Setup, plan: Plan) -> int:
    """Return how many bars a model needs before its first: all it reads at once are settled."""
    from assay.signals.features import standard_set

    if setup.forecaster is None:
        return standard_set(plan.scenario().timeframe).settling
    taught = setup.forecaster.artifact.taught
    return taught.feature_set.settling + setup.forecaster.window - 1


def past_columns(plan: Plan, config: Config, reach: int) -> dict[str, BarColumns]:
    """Return the last `reach` bars before the feed as features see them."""
    from assay.apps.lab.models.labelling import priced_columns

    series = past_series(plan)
    # Markets that close more often have their last past bars after the feed began.
    last = min(int(one.ts_open[-1]) for one in series)
    past = [one.select(one.ts_open <= last) for one in series]
    return {one.symbol: priced_columns(one.select(slice(-reach, None)), config) for one in past}


def identify_setup(plan: Plan, setup: Setup) -> str:
    """Return a digest of everything that decides a run's outcome but its feed position."""
    return identifier(plan, setup)(setup)


def name_limits(profile: RiskProfile) -> str:
    """Return a profile's name, and what differs from it where settings changed some."""
    usual = PROFILES.get(profile.name)
    return profile.name if profile == usual else f"{profile}"


def identifier(plan: Plan, setup: Setup) -> Callable[[Setup], str]:
    """Return what identifies setups that differ from this one in what trades alone."""
    market = sha256()
    calendar = [Path(plan.calendar)] if plan.calendar else []
    for path in [*plan.files(), *calendar]:
        market.update(sha256(path.read_bytes()).digest())
    if plan.source == "live":
        market.update(repr((plan.edge, plan.symbols, plan.begun, plan.base)).encode())
        if plan.fallbacks:
            market.update(repr((plan.fallbacks, sorted(plan.ranks.items()), plan.bases)).encode())
    if plan.source == "sim":
        market.update(repr(plan.scenario()).encode())
        for one in setup.series:
            assert isinstance(one, TickSeries)
            for column in (one.ts, one.bid, one.ask):
                market.update(column.tobytes())

    def identify(setup: Setup) -> str:
        whole = market.copy()
        facts = (
            setup.strategy.name, sorted(setup.params.items()), name_limits(setup.profile),
            msgspec.json.encode(setup.account), [price.digits for price in setup.pricing],
            Path(setup.strategy.module.__file__ or "").read_bytes(),
        )  # fmt: skip
        if setup.measures is not None:
            facts = (*facts, setup.measures)
        if setup.acts is not None:
            facts = (*facts, setup.acts)
        if setup.forecaster is not None:
            facts = (*facts, setup.forecaster.artifact.graph_sha256, setup.forecaster.artifact.id)
        whole.update(repr(facts).encode())
        return whole.hexdigest()[:16]

    return identify
