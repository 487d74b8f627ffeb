"""What a run trades: series, contracts, account, limits and schedule, the same for every driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from assay.apps.config import Config, configured_instrument
from assay.apps.lab.events import Flow, Pricing, choose_pricing, flow_of, merge_events
from assay.kernel.records import (
    INSTRUMENT,
    LIMITS,
    ROLLOVER,
    SCHEDULE,
    SESSION_CLOSES,
    SESSION_OPENS,
)
from assay.market.news import Release
from assay.market.series import BarSeries, TickSeries
from assay.model.accounts import AccountSpec, CommissionSchedule
from assay.model.calendar import Rollover, is_in_session, rollovers, swap_multipliers
from assay.model.errors import UsageError
from assay.model.instruments import Instrument
from assay.model.time import DAY, HOUR
from assay.trading.engine.loading import Strategy
from assay.trading.engine.module import DeskPlan, TradingDesk
from assay.trading.engine.terms import (
    PROFILES,
    Contract,
    RiskProfile,
    conversion_leg,
    instrument_terms,
    limit_terms,
)
from assay.trading.engine.world import World, build_world

if TYPE_CHECKING:  # ONNX Runtime is loaded only where a model trades
    from assay.signals.features import BarColumns
    from assay.signals.prediction import Forecaster

AHEAD = 400 * DAY
"""How far past the data the schedule of sessions and rollovers reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Hold what a run charges; None takes what the strategy or the data say.

    Near the `releases` of an instrument's currencies the table's spread is wider.
    """

    spread_pips: Decimal | None = None
    commission_bp: Decimal | None = None
    slippage_points: int = 0
    releases: Sequence[Release] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Hold everything a driver needs to trade one run.

    A strategy that trades on forecasts finds FORECAST records beside the events in the sweep; on
    the message path its `forecaster` brings them. `history` are bars before the first event, which
    features settle on.
    """

    series: Sequence[BarSeries | TickSeries]
    symbols: Sequence[str]
    pricing: Sequence[Pricing]
    instruments: Sequence[Instrument]
    account: AccountSpec
    profile: RiskProfile
    strategy: Strategy
    params: dict[str, int]
    terms: tuple[np.ndarray, np.ndarray, np.ndarray]
    forecasts: np.ndarray | None = None
    forecaster: Forecaster | None = None
    history: Mapping[str, BarColumns] = field(default_factory=dict)

    def events(self) -> np.ndarray:
        """Return every event of every instrument in the total order."""
        return merge_events(self.series, self.pricing, self.instruments)

    def flow(self, number: int = 0) -> Flow | None:
        """Return what the quotes inside an instrument's bars did; None where nobody counted."""
        return flow_of(self.series[number], self.pricing[number])

    @property
    def reads_flow(self) -> bool:
        """Say whether its model's features are made of flow."""
        model = self.forecaster
        return model is not None and bool(model.artifact.taught.feature_set.inputs)

    def world(self, bars: int = 1024) -> World:
        """Return a fresh engine with room for the equity of that many bars."""
        words = self.strategy.module.memory_words(self.params)
        rows = (max(4096, bars // 2), bars + 16)
        params = [[self._words(spec) for spec in self.instruments]]
        world = build_world([self.account], params, self.terms, words, rows)
        if self.forecasts is not None:
            world.forecasts = self.forecasts
            world.bind()
        return world

    def _words(self, spec: Instrument) -> list[int]:
        """Return the parameters of one instrument: `units` are of base, the engine's are finer."""
        scale = 10**spec.quantity_digits
        return [value * scale if name == "units" else value for name, value in self.params.items()]

    def desk(self, next_id: Callable[[], int]) -> TradingDesk:
        """Return a fresh trading desk."""
        plan = DeskPlan(
            symbols=self.symbols,
            digits=[price.digits for price in self.pricing],
            accounts=[self.account],
            strategy=self.strategy,
        )
        return TradingDesk(plan=plan, world=self.world(), next_id=next_id)


def build_account(spec: AccountSpec, costs: Costs, strategy: Strategy, mark: str) -> AccountSpec:
    """Return the account of a run; the commission is the flag's, else the strategy's reference."""
    rate = costs.commission_bp
    if rate is None and getattr(strategy.module, "REFERENCE_COSTS", False):
        rate = Decimal("0.5")
    commission = spec.commission
    if rate is not None:
        commission = CommissionSchedule(mode="bp", rate=rate)
    return msgspec.structs.replace(
        spec, commission=commission, mark="mid" if mark == "mid" else "exit"
    )


def prepare(
    series: Sequence[BarSeries | TickSeries],
    strategy: Strategy,
    *,
    given: dict[str, str],
    costs: Costs | None = None,
    risk: str | None = None,
    config: Config | None = None,
) -> Setup:
    """Bring data, strategy, costs and settings together; raise UsageError where they do not fit."""
    config = config or Config()
    costs = costs or Costs()
    reference = getattr(strategy.module, "REFERENCE_COSTS", False)
    if costs.spread_pips is None and reference:
        costs = replace(costs, spread_pips=Decimal(1))
    profile = find_profile(risk or ("reference" if reference else "default"))
    symbols = [one.symbol for one in series]
    if len(set(symbols)) != len(symbols):
        raise UsageError(f"a symbol is given twice among {', '.join(symbols)}; give each once")
    instruments = [configured_instrument(config, symbol) for symbol in symbols]
    pricing = [
        choose_pricing(one, spec, costs.spread_pips, costs.releases)
        for one, spec in zip(series, instruments, strict=True)
    ]
    _require_use(costs, series)
    mark = "mid" if all(price.is_mid for price in pricing) else "exit"
    account = build_account(config.account.to_spec(), costs, strategy, mark)
    params = strategy.resolve(given)
    terms = _terms(series, instruments, pricing, account, profile, costs)
    return Setup(
        series=series, symbols=symbols, pricing=pricing, instruments=instruments, account=account,
        profile=profile, strategy=strategy, params=params, terms=terms,
    )  # fmt: skip


def _require_use(costs: Costs, series: Sequence[BarSeries | TickSeries]) -> None:
    if not costs.releases:
        return
    if costs.spread_pips is not None:
        raise UsageError(
            f"a calendar widens the table's spread, and here it is {costs.spread_pips} pip "
            "throughout (as sma-cross has it without --spread-pips); leave out --calendar"
        )
    if all(one.side == "quote" for one in series):
        raise UsageError("the data have real ask prices, which know the news; leave out --calendar")


def find_profile(name: str) -> RiskProfile:
    """Return a risk profile; raise UsageError for a name that is none."""
    if name not in PROFILES:
        raise UsageError(f"risk profile {name!r} is unknown; there are {', '.join(PROFILES)}")
    return PROFILES[name]


def _terms(
    series: Sequence[BarSeries | TickSeries],
    instruments: Sequence[Instrument],
    pricing: Sequence[Pricing],
    account: AccountSpec,
    profile: RiskProfile,
    costs: Costs,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    symbols = [spec.symbol for spec in instruments]
    rows, limits, schedules, at = [], [], [], 0
    for one, spec, price in zip(series, instruments, pricing, strict=True):
        leg, divides, _ = conversion_leg(spec, account.currency, symbols)
        contract = Contract(
            spec, price.digits, costs.slippage_points * 10 ** (price.digits - spec.digits), leg,
            divides, pricing[leg].digits if leg >= 0 else 0,
        )  # fmt: skip
        row = instrument_terms(contract, account, profile, 4 * price.highest)
        entries = schedule_of(spec, account, *_span(one))
        row["schedule_from"], row["schedule_to"] = at, at + len(entries)
        at += len(entries)
        rows.append(row)
        pip = spec.pip_points * 10 ** (price.digits - spec.digits)
        limits.append(limit_terms(profile, account, spec.lot_units, pip))
        schedules.append(entries)
    return np.array(rows, INSTRUMENT), np.array([limits], LIMITS), np.concatenate(schedules)


def _span(one: BarSeries | TickSeries) -> tuple[int, int]:
    times = one.ts_open if isinstance(one, BarSeries) else one.ts
    return int(times[0]) - DAY, int(times[-1]) + AHEAD


def schedule_of(instrument: Instrument, account: AccountSpec, start: int, end: int) -> np.ndarray:
    """Return the session turns and rollovers of an instrument between two times, in order."""
    rollover = Rollover(account.rollover_zone, account.rollover_hour * HOUR)
    turns = rollovers(start, end, rollover)
    nights = swap_multipliers(instrument, turns, rollover)
    hours = np.arange(start - start % HOUR, end, HOUR // 4, dtype=np.int64)
    open_now = is_in_session(instrument, hours).astype(np.int8)
    changes = np.flatnonzero(np.diff(open_now, prepend=np.int8(-1) if len(open_now) else 0))
    entries = np.zeros(len(turns) + len(changes), SCHEDULE)
    entries["ts"] = np.concatenate([hours[changes], turns])
    entries["kind"][: len(changes)] = np.where(open_now[changes], SESSION_OPENS, SESSION_CLOSES)
    entries["kind"][len(changes) :] = ROLLOVER
    entries["nights"][len(changes) :] = nights
    return entries[np.argsort(entries["ts"], kind="stable")]
