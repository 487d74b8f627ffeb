"""What a run trades: series, contracts, account, limits and schedule, the same for every driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from assay.apps.config import Config, configured_instrument
from assay.apps.lab.feeds.brokerage import (
    expected_slippage,
    find_terms,
    hourly_spreads,
    under_broker,
)
from assay.apps.lab.feeds.events import (
    Flow,
    Pricing,
    choose_pricing,
    depths_of,
    flow_of,
    merge_events,
    quoted_sizes,
)
from assay.apps.lab.risk.acts import Acts, configured_acts
from assay.kernel.records import (
    INSTRUMENT,
    LIMITS,
    NEWS,
    ROLLOVER,
    SCHEDULE,
    SESSION_CLOSES,
    SESSION_OPENS,
    WEEK,
)
from assay.market.news import Release, release_times
from assay.market.series import BarSeries, Float64s, TickSeries
from assay.model.accounts import AccountSpec, CommissionSchedule
from assay.model.calendar import (
    Rollover,
    is_in_session,
    rollovers,
    swap_multipliers,
    trading_day,
    weekday_of,
)
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
    list_symbols,
)
from assay.trading.engine.world import World, build_world
from assay.trading.risk.groups import group_instruments

if TYPE_CHECKING:  # ONNX Runtime is loaded only where a model trades
    from assay.signals.features import BarColumns
    from assay.signals.prediction import Forecaster
    from assay.signals.regimes import Kept
    from assay.trading.risk.measures import Terms
    from assay.trading.terminal.profile import BrokerProfile

AHEAD = 400 * DAY
"""How far past the data the schedule of sessions and rollovers reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Hold what a run charges; None takes what the strategy or the data say.

    Near the `releases` of an instrument's currencies the table's spread is wider. `depth_lots` is
    what a bar, or a quote of unknown size, offers on either side, `size_lots` what a quoted size of
    1 stands for; 0 is no bound. A measured `broker` says what is not said here.
    """

    spread_pips: Decimal | None = None
    commission_bp: Decimal | None = None
    slippage_points: int = 0
    depth_lots: Decimal = Decimal(0)
    size_lots: Decimal = Decimal(0)
    releases: Sequence[Release] = ()
    broker: BrokerProfile | None = field(default=None, repr=False)

    def told(self) -> list[str]:
        """Return what is charged in words, as looks are told apart by; no broker, no word of it."""
        words = [str(getattr(self, name)) for name in self.__slots__ if name != "broker"]
        return words + ([repr(self.broker)] if self.broker is not None else [])

    def slippage(self, spec: Instrument) -> int:
        """Return the slippage of an instrument's fills in its points."""
        if self.slippage_points or self.broker is None:
            return self.slippage_points
        return expected_slippage(self.broker, spec)

    def depth(self, spec: Instrument) -> int:
        """Return the units that a bar or a quote of unknown size offers; 0 is no bound."""
        lots = self.depth_lots
        if not lots and self.broker is not None:
            lots = find_terms(self.broker, spec.symbol).depth
        return int(lots * spec.lot_units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Hold everything a driver needs to trade one run.

    A strategy that trades on forecasts finds FORECAST records beside the events in the sweep; on
    the message path its `forecaster` brings them. `history` are bars before the first event, which
    features settle on. `regimes` are the classifiers that sizes follow where no process tells.
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
    measures: Terms | None = None
    acts: Acts | None = None
    regimes: Sequence[Kept] = ()

    def events(self) -> np.ndarray:
        """Return every event of every instrument in the total order."""
        return merge_events(self.series, self.pricing, self.instruments)

    def sizes(self, events: np.ndarray) -> Float64s | None:
        """Return the sizes [events, 2] that quotes told; None where nobody asks for them."""
        return quoted_sizes(self.series, events) if self.terms[0]["size_units"].any() else None

    def flow(self, number: int = 0) -> Flow | None:
        """Return what the quotes inside an instrument's bars did; None where nobody counted."""
        return flow_of(self.series[number], self.pricing[number])

    @property
    def reads_flow(self) -> bool:
        """Say whether its model's features are made of flow."""
        model = self.forecaster
        return model is not None and bool(model.artifact.taught.feature_set.inputs)

    def world(self, bars: int = 1024, events: np.ndarray | None = None) -> World:
        """Return a fresh engine with room for the equity of that many bars.

        Where it is to run over `events` by itself it finds beside them what they offer.
        """
        words = self.strategy.module.memory_words(self.params)
        rows = (max(4096, bars // 2), bars + 16)
        params = [[self._words(spec) for spec in self.instruments]]
        world = build_world([self.account], params, self.terms, words, rows)
        if self.forecasts is not None:
            world.forecasts = self.forecasts
        sizes = None if events is None else self.sizes(events)
        if events is not None and sizes is not None:
            units = self.terms[0]["size_units"][events["instrument"]]
            world.depths = depths_of(sizes, units)
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
            pips=[
                pip_points(spec, price)
                for spec, price in zip(self.instruments, self.pricing, strict=True)
            ],
        )
        return TradingDesk(plan=plan, world=self.world(), next_id=next_id)


def build_account(spec: AccountSpec, costs: Costs, strategy: Strategy, mark: str) -> AccountSpec:
    """Return the account of a run; the commission is the flag's, else the strategy's reference."""
    rate = costs.commission_bp
    if rate is None and _has_reference_costs(strategy, costs):
        rate = Decimal("0.5")
    commission = spec.commission
    if rate is not None:
        commission = CommissionSchedule(mode="bp", rate=rate)
    return msgspec.structs.replace(
        spec, commission=commission, mark="mid" if mark == "mid" else "exit"
    )


def _has_reference_costs(strategy: Strategy, costs: Costs) -> bool:
    """Say whether a strategy's own costs hold: a measured broker stands in their place."""
    return costs.broker is None and getattr(strategy.module, "REFERENCE_COSTS", False)


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
    if costs.broker is not None:
        config = under_broker(config, costs.broker, [one.symbol for one in series])
    reference = getattr(strategy.module, "REFERENCE_COSTS", False)
    if costs.spread_pips is None and _has_reference_costs(strategy, costs):
        costs = replace(costs, spread_pips=Decimal(1))
    profile = configured_profile(config, risk or ("reference" if reference else "default"))
    symbols = [one.symbol for one in series]
    if len(set(symbols)) != len(symbols):
        raise UsageError(f"a symbol is given twice among {', '.join(symbols)}; give each once")
    instruments = [configured_instrument(config, symbol) for symbol in symbols]
    pricing = [
        choose_pricing(
            one, spec, costs.spread_pips, costs.releases, hourly_spreads(costs.broker, one.symbol)
        )
        for one, spec in zip(series, instruments, strict=True)
    ]
    if not profile.minds_news:
        _require_use(costs, series)
    mark = "mid" if all(price.is_mid for price in pricing) else "exit"
    account = build_account(config.account.to_spec(), costs, strategy, mark)
    params = strategy.resolve(given)
    spans = [_span(one) for one in series]
    terms = trade_terms(spans, instruments, pricing, account, profile, costs)
    return Setup(
        series=series, symbols=symbols, pricing=pricing, instruments=instruments, account=account,
        profile=profile, strategy=strategy, params=params, terms=terms,
        measures=_measures(config, profile), acts=configured_acts(config, account, costs.releases),
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


def configured_profile(config: Config, name: str) -> RiskProfile:
    """Return a risk profile with the limits and clusters of `[risk]` on top."""
    profile = find_profile(name).changed(
        {key: str(value) for key, value in config.risk.limits.items()}
    )
    clusters = tuple((key, tuple(symbols)) for key, symbols in config.risk.clusters.items())
    return replace(profile, clusters=clusters) if clusters else profile


def _measures(config: Config, profile: RiskProfile) -> Terms | None:
    risk = config.risk
    if not (risk.measure or profile.needs_measures):
        return None
    from assay.trading.risk.measures import Terms

    return Terms(
        window=risk.measure_window, least=min(250, risk.measure_window),
        confidence=risk.measure_confidence, method=risk.measure or "historical",
    )  # fmt: skip


def pip_points(spec: Instrument, price: Pricing) -> int:
    """Return the points of a pip at the digits that the engine trades an instrument with."""
    return spec.pip_points * int(10 ** (price.digits - spec.digits))


def trade_terms(
    spans: Sequence[tuple[int, int]],
    instruments: Sequence[Instrument],
    pricing: Sequence[Pricing],
    account: AccountSpec,
    profile: RiskProfile,
    costs: Costs,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the INSTRUMENT records [i], the LIMITS [1, i] and the schedule of all spans."""
    symbols = [spec.symbol for spec in instruments]
    # Who does not mind releases is not to be stopped at them.
    releases = costs.releases if profile.minds_news else ()
    rows, limits, schedules, at = [], [], [], 0
    for span, spec, price in zip(spans, instruments, pricing, strict=True):
        leg, divides, _ = conversion_leg(spec, account.currency, symbols)
        contract = Contract(
            spec, price.digits, costs.slippage(spec) * 10 ** (price.digits - spec.digits), leg,
            divides, pricing[leg].digits if leg >= 0 else 0,
            costs.depth(spec), int(costs.size_lots * spec.lot_units),
        )  # fmt: skip
        row = instrument_terms(contract, account, profile, 4 * price.highest)
        entries = schedule_of(spec, account, *span, releases)
        row["schedule_from"], row["schedule_to"] = at, at + len(entries)
        at += len(entries)
        rows.append(row)
        limits.append(limit_terms(profile, account, spec.lot_units, pip_points(spec, price)))
        schedules.append(entries)
    bounds = np.array([limits], LIMITS)
    list_symbols(bounds[0], profile, symbols)
    group_instruments(bounds[0], instruments, dict(profile.clusters))
    bounds["news_known_to"] = max((each.time for each in releases), default=0)
    return np.array(rows, INSTRUMENT), bounds, np.concatenate(schedules)


def _span(one: BarSeries | TickSeries) -> tuple[int, int]:
    times = one.ts_open if isinstance(one, BarSeries) else one.ts
    return int(times[0]) - DAY, int(times[-1]) + AHEAD


def schedule_of(
    instrument: Instrument, account: AccountSpec, start: int, end: int,
    releases: Sequence[Release] = (),
) -> np.ndarray:  # fmt: skip
    """Return what turns for an instrument between two times, in order.

    That are its session, rollovers, the weeks that they begin, and the releases that move it.
    """
    rollover = Rollover(account.rollover_zone, account.rollover_hour * HOUR)
    turns = rollovers(start, end, rollover)
    nights = swap_multipliers(instrument, turns, rollover)
    hours = np.arange(start - start % HOUR, end, HOUR // 4, dtype=np.int64)
    open_now = is_in_session(instrument, hours).astype(np.int8)
    changes = np.flatnonzero(np.diff(open_now, prepend=np.int8(-1) if len(open_now) else 0))
    weeks = turns[weekday_of(trading_day(turns, rollover)) == 0]
    news = release_times(releases, instrument)
    parts = (
        (hours[changes], np.where(open_now[changes], SESSION_OPENS, SESSION_CLOSES), 0),
        (weeks, WEEK, 0), (turns, ROLLOVER, nights),
        (news[(news >= start) & (news < end)], NEWS, 0),
    )  # fmt: skip
    rows = []
    for times, kind, charged in parts:
        part = np.zeros(len(times), SCHEDULE)
        part["ts"], part["kind"], part["nights"] = times, kind, charged
        rows.append(part)
    entries = np.concatenate(rows)
    return entries[np.argsort(entries["ts"], kind="stable")]
