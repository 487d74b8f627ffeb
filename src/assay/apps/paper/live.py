"""A market as it comes: what is known of it before its first quote, and where its feed begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.config import Config, configured_instrument
from assay.apps.lab.events import Pricing
from assay.apps.lab.setup import (
    Costs,
    Setup,
    build_account,
    configured_profile,
    trade_terms,
)
from assay.apps.link.frames import MARKET
from assay.apps.link.log import LogReader, list_segments
from assay.apps.paper.edges import EDGE, edge_folder, read_venue
from assay.apps.paper.plan import Plan
from assay.apps.paper.quoting import Place, QuoteFeed, skip_to
from assay.apps.paper.sheet import write_whole
from assay.market.series import TickSeries
from assay.model.accounts import AccountSpec
from assay.model.errors import DataError, UsageError
from assay.model.instruments import Instrument
from assay.model.messages import BarClosed, Tick
from assay.model.time import DAY
from assay.runtime.home import Home
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.terms import HEADROOM

LIVE = "live"
ANCHOR, PLACE = "anchor.json", "place.json"
SPAN = 400 * DAY
"""How long sessions and rollovers are known ahead; a run that is older begins anew."""
PRICE_MAX = 10**9
"""Points that no price of a live market passes."""


class Anchor(msgspec.Struct, frozen=True):
    """Say where the run of a live market began: behind which record of which edge, and when."""

    edge: str
    symbols: tuple[str, ...]
    begun: int
    base: int


def market_folder(home: Home, edge: str) -> Path:
    """Return where the bridge keeps the quotes of an edge; raise UsageError for a stranger."""
    return edge_folder(home, edge) / MARKET


def anchor_plan(home: Home, plan: Plan) -> Plan:
    """Return a plan of a live market with where its feed begins: where it did, or at the end now.

    Raises UsageError where the edge is not named and there are several, or none.
    """
    if plan.source != LIVE:
        return plan
    edge = plan.edge or _only_edge(home)
    venue = read_venue(home, edge) if plan.broker == EDGE else None
    symbols, now = tuple(plan.symbols or ()), home.clock.now_ns()
    found = _read_anchor(home)
    if found is None or (found.edge, found.symbols) != (edge, symbols) or now > found.begun + SPAN:
        found = Anchor(edge, symbols, now, _end_of(market_folder(home, edge)))
        write_whole(home.folder(LIVE) / ANCHOR, found)
    return msgspec.structs.replace(plan, edge=edge, begun=found.begun, base=found.base, venue=venue)


def _only_edge(home: Home) -> str:
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
    pricing = [Pricing(spec.digits, None, False, _price_bound(spec)) for spec in instruments]
    costs = Costs()
    account = _venue_account(plan) or build_account(
        config.account.to_spec(), costs, strategy, "exit"
    )
    profile = configured_profile(config, plan.risk or config.risk.profile)
    span = (plan.begun - DAY, plan.begun + SPAN)
    terms = trade_terms([span] * len(instruments), instruments, pricing, account, profile, costs)
    return Setup(
        series=[_nothing_yet(spec) for spec in instruments], pricing=pricing,
        symbols=[spec.symbol for spec in instruments], instruments=instruments, account=account,
        profile=profile, strategy=strategy, params=strategy.resolve(plan.params), terms=terms,
    )  # fmt: skip


def _venue_account(plan: Plan) -> AccountSpec | None:
    """Return the account as its venue told it; None where the engine itself fills."""
    venue = plan.venue
    if venue is None:
        return None
    return AccountSpec(
        id=venue.account, tenant=venue.tenant, currency=venue.currency, cash=venue.balance,
        currency_digits=venue.currency_digits, venue=plan.edge or "",
    )  # fmt: skip


def _price_bound(spec: Instrument) -> int:
    return min(PRICE_MAX, HEADROOM // (2 * spec.volume_max) - 1) // 4


def _nothing_yet(spec: Instrument) -> TickSeries:
    nothing = np.zeros(0, np.int64)
    return TickSeries(
        symbol=spec.symbol, source=LIVE, digits=spec.digits, ts=nothing, bid=nothing,
        ask=nothing, fold=np.zeros(0, np.bool_),
    )  # fmt: skip


class LiveFeed:
    """Follow an edge's quotes from where a run stands, and keep the place as it goes on."""

    def __init__(self, home: Home, plan: Plan, setup: Setup, *, fed: int, handled: int) -> None:
        self._anchor = f"{plan.edge} {plan.begun} {plan.base} {fed}"
        self._path = home.folder(LIVE) / PLACE
        digits = {spec.symbol: spec.digits for spec in setup.instruments}
        reader = LogReader(market_folder(home, plan.edge or ""), plan.base)
        self.quotes = QuoteFeed(reader, digits, fed, with_flow=setup.reads_flow)
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
        self._rest: Sequence[Tick | BarClosed] = skip_to(self.quotes, handled)

    def next(self) -> Sequence[Tick | BarClosed] | None:
        """Return the messages of the next record, None where there is none yet."""
        if self._rest:
            rest, self._rest = self._rest, ()
            return rest
        return self.quotes.next()

    def is_behind(self, ts: int) -> bool:
        """Say whether the market has gone on for long since a time (ns UTC)."""
        return self.quotes.is_behind(ts)

    def keep(self, committed: int) -> None:
        """Write the place down, where all messages up to it are committed."""
        if self.quotes.messages == committed != self._kept and not self._rest:
            self._kept = committed
            write_whole(self._path, self.quotes.place(self._anchor))
