"""A market as it comes: what is known of it before its first quote, and where its feed begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from assay.apps.bridge.market import MarketReader
from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.config import Config, SourcesConfig, configured_instrument
from assay.apps.lab.feeds.events import Pricing
from assay.apps.lab.risk.acts import configured_acts
from assay.apps.lab.runs.setup import (
    Costs,
    Setup,
    build_account,
    configured_profile,
    trade_terms,
)
from assay.apps.link.frames import MARKET
from assay.apps.link.log import LogReader, list_segments
from assay.apps.paper.market.feed import Place, QuoteFeed, skip_to
from assay.apps.paper.market.sources import HALTED_BY, SourceChoice
from assay.apps.paper.plan import Plan, Venue
from assay.apps.paper.venue.edges import EDGE, edge_folder, read_venue
from assay.apps.paper.view.sheet import write_whole
from assay.market.news import read_calendar
from assay.market.series import TickSeries
from assay.model.accounts import AccountSpec
from assay.model.errors import DataError, UsageError
from assay.model.instruments import Instrument, usual_quantity_digits
from assay.model.messages import Message
from assay.model.time import DAY
from assay.runtime.home import Home
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.terms import HEADROOM

if TYPE_CHECKING:
    from assay.apps.paper.trader.hotpath import PaperTrader

LIVE = "live"
ANCHOR, PLACE = "anchor.json", "place.json"
SPAN = 400 * DAY
"""How long sessions and rollovers are known ahead; a run that is older begins anew."""
PRICE_MAX = 10**9
"""Points that no price of a live market passes."""


class Anchor(msgspec.Struct, frozen=True):
    """Say where the run of a live market began: behind which record of which edges, and when.

    `venue` is the account as it stood then: what the bridge keeps of it begins later and later.
    """

    edge: str
    symbols: tuple[str, ...]
    begun: int
    base: int
    fallbacks: tuple[str, ...] = ()
    bases: tuple[int, ...] = ()
    venue: Venue | None = None


def market_folder(home: Home, edge: str) -> Path:
    """Return where the bridge keeps the quotes of an edge; raise UsageError for a stranger."""
    return edge_folder(home, edge) / MARKET


def name_sources(home: Home, plan: Plan, sources: SourcesConfig) -> Plan:
    """Return a plan of a live market that names its sources: those asked for, else as set.

    Raises UsageError for an edge that is named twice, or ranked and not named.
    """
    if plan.source != LIVE:
        return plan
    edge = plan.edge or _only_edge(home, sources.edges)
    named = plan.fallbacks or tuple(each for each in sources.edges if each != edge)
    ranks = {symbol: tuple(sources.by_symbol[symbol]) for symbol in plan.symbols or ()
             if symbol in sources.by_symbol} if named else {}  # fmt: skip
    edges = (edge, *named)
    if len(set(edges)) < len(edges):
        raise UsageError(f"sources {', '.join(edges)} name an edge twice")
    for symbol, order in ranks.items():
        if not order or set(order) - set(edges) or len(set(order)) < len(order):
            raise UsageError(
                f"sources.by_symbol.{symbol} is {', '.join(order) or 'empty'}; name some of "
                f"{', '.join(edges)}, each once"
            )
    return msgspec.structs.replace(plan, edge=edge, fallbacks=named, ranks=ranks)


def anchor_plan(home: Home, plan: Plan) -> Plan:
    """Return a plan of a live market with where its feed begins: where it did, or at the end now.

    Raises UsageError where the edge is not named and there are several, or none.
    """
    if plan.source != LIVE:
        return plan
    edge = plan.edge or _only_edge(home)
    symbols, now = tuple(plan.symbols or ()), home.clock.now_ns()
    found, wanted = _read_anchor(home), (edge, symbols, plan.fallbacks)
    is_ours = found and (found.edge, found.symbols, found.fallbacks) == wanted
    if found is None or not is_ours or now > found.begun + SPAN:
        base, *bases = (_end_of(market_folder(home, each)) for each in (edge, *plan.fallbacks))
        found = Anchor(edge, symbols, now, base, plan.fallbacks, tuple(bases))
    if plan.broker == EDGE and found.venue is None:
        found = msgspec.structs.replace(found, venue=read_venue(home, edge))
    write_whole(home.folder(LIVE) / ANCHOR, found)
    return msgspec.structs.replace(
        plan, edge=edge, begun=found.begun, base=found.base, bases=found.bases,
        venue=found.venue if plan.broker == EDGE else None,
    )  # fmt: skip


def _only_edge(home: Home, preferred: Sequence[str] = ()) -> str:
    if preferred:
        return preferred[0]
    known = [each.edge for each in EdgeTokens(home).all()]
    if len(known) == 1:
        return known[0]
    told = f"name one of {', '.join(known)} with --edge" if known else "`assay bridge` lets them in"
    raise UsageError(f"the bridge knows {len(known)} edges; {told}")


def _read_anchor(home: Home) -> Anchor | None:
    path = home.path / LIVE / ANCHOR
    try:
        return msgspec.json.decode(path.read_bytes(), type=Anchor)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise DataError(f"{path} is damaged ({error}); remove it to begin a run anew") from None


def _end_of(folder: Path) -> int:
    segments = list_segments(folder) if folder.is_dir() else []
    if not segments:
        return 0
    reader = LogReader(folder, segments[-1].first - 1)
    while reader.read(4_096):
        pass
    return reader.after


def prepare_live(plan: Plan, config: Config, *, strategies: Path) -> Setup:
    """Bring instruments, strategy and settings together for a market without a past.

    Raises UsageError for what does not fit.
    """
    strategy = load_strategy(plan.strategy, strategies)
    instruments = [configured_instrument(config, symbol) for symbol in plan.symbols or ()]
    if plan.broker == EDGE:
        _require_usual_units(instruments)
    pricing = [Pricing(spec.digits, None, False, _price_bound(spec)) for spec in instruments]
    costs = Costs()
    account = _venue_account(plan) or build_account(
        config.account.to_spec(), costs, strategy, "exit"
    )
    profile = configured_profile(config, plan.risk or config.risk.profile)
    span = (plan.begun - DAY, plan.begun + SPAN)
    releases = read_calendar(plan.calendar) if plan.calendar else ()
    terms = trade_terms([span] * len(instruments), instruments, pricing, account, profile, costs)
    return Setup(
        series=[_nothing_yet(spec) for spec in instruments], pricing=pricing,
        symbols=[spec.symbol for spec in instruments], instruments=instruments, account=account,
        profile=profile, strategy=strategy, params=strategy.resolve(plan.params), terms=terms,
        acts=configured_acts(config, account, releases),
    )  # fmt: skip


def _venue_account(plan: Plan) -> AccountSpec | None:
    """Return the account as its venue told it; None where the engine itself fills."""
    venue = plan.venue
    if venue is None:
        return None
    return AccountSpec(
        id=venue.account, tenant=venue.tenant, currency=venue.currency, cash=venue.balance,
        currency_digits=venue.currency_digits, venue=plan.edge or "",
        leverage=venue.leverage or AccountSpec.leverage, margin_mode=venue.margin_mode,
    )  # fmt: skip


def _require_usual_units(instruments: Sequence[Instrument]) -> None:
    """Refuse quantities that an edge, which knows no settings of ours, would read as others."""
    for spec in instruments:
        usual = usual_quantity_digits(spec.symbol)
        if spec.quantity_digits != usual:
            raise UsageError(
                f"an edge counts {spec.symbol} in units of 10^-{usual} and the settings say "
                f"10^-{spec.quantity_digits}; set quantity_digits = {usual} under "
                f"[instruments.{spec.symbol}]"
            )


def _price_bound(spec: Instrument) -> int:
    return min(PRICE_MAX, HEADROOM // (2 * spec.volume_max) - 1) // 4


def _nothing_yet(spec: Instrument) -> TickSeries:
    nothing = np.zeros(0, np.int64)
    return TickSeries(
        symbol=spec.symbol, source=LIVE, digits=spec.digits, ts=nothing, bid=nothing,
        ask=nothing, fold=np.zeros(0, np.bool_),
    )  # fmt: skip


class LiveFeed:
    """Follow the quotes of a run's edges from where it stands, and keep the place as it goes on."""

    def __init__(self, home: Home, plan: Plan, setup: Setup, *, fed: int, handled: int) -> None:
        self._anchor = f"{plan.edges} {plan.ranks} {plan.begun} {plan.base} {plan.bases} {fed}"
        self._path = home.folder(LIVE) / PLACE
        digits = {spec.symbol: spec.digits for spec in setup.instruments}
        folders = [market_folder(home, each) for each in plan.edges]
        reader = MarketReader(folders, (plan.base, *plan.bases))
        choice = None
        if plan.fallbacks:
            choice = SourceChoice(plan.edges, digits, plan.ranks, setup.account.tenant)
        self.quotes = QuoteFeed(reader, digits, fed, choice=choice, with_flow=setup.reads_flow)
        self._kept = 0
        self._resume(handled)

    def _resume(self, handled: int) -> None:
        try:
            place = msgspec.json.decode(self._path.read_bytes(), type=Place)
        except (FileNotFoundError, msgspec.MsgspecError):
            place = None
        # Without a place of this run all its records are read again, which takes longer.
        if place is not None and place.anchor == self._anchor and place.messages <= handled:
            self.quotes.resume(place)
            self._kept = place.messages
        self._rest: Sequence[Message] = skip_to(self.quotes, handled)

    def next(self) -> Sequence[Message] | None:
        """Return the messages of the next record, None where there is none yet."""
        if self._rest:
            rest, self._rest = self._rest, ()
            return rest
        return self.quotes.next()

    def serves(self, symbol: str) -> bool:
        """Say whether a symbol has quotes that can be believed, as far as its sources tell."""
        return self.quotes.serves(symbol)

    def is_behind(self, ts: int) -> bool:
        """Say whether the market has gone on for long since a time (ns UTC)."""
        return self.quotes.is_behind(ts)

    def keep(self, committed: int) -> None:
        """Write the place down, where all messages up to it are committed."""
        if self.quotes.messages == committed != self._kept and not self._rest:
            self._kept = committed
            write_whole(self._path, self.quotes.place(self._anchor))


def release_served(trader: PaperTrader, feed: LiveFeed) -> None:
    """Let entries go that an earlier run held back for want of quotes, where this one has them."""
    for halt in trader.entry_halts:
        if halt.source == HALTED_BY and feed.serves(halt.symbol):
            trader.release_entries(HALTED_BY, "this run has quotes", HALTED_BY, halt.symbol)
