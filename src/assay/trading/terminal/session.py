"""The terminal beside its server: the link, the login, the switches, and what it last saw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import (
    AccountInfo,
    SymbolInfo,
    TerminalInfo,
    Tick,
    TradeDeal,
    TradeOrder,
    TradePosition,
)
from assay.trading.terminal.desk import Desk
from assay.trading.terminal.market import SymbolMarket
from assay.trading.terminal.profile import AccountTerms, BrokerProfile
from assay.trading.terminal.records import Quote
from assay.trading.terminal.server import TradeServer
from assay.trading.terminal.showing import Showing

_RELEASE = "1 Jan 2026"
_PIPE = f"{api.ERROR_TEXTS[api.RES_E_INTERNAL_FAIL_INIT]}, Pipe server didn't answer in 60 sec"


class Scripted(NamedTuple):
    """Hold what becomes of the next request, whatever it asks.

    `retcode` answers in the server's place; `is_lost` withholds the answer; `executes` tells
    whether the server did it nevertheless; `latency` (ns) takes the place of the drawn one.
    """

    retcode: int = 0
    executes: bool = False
    is_lost: bool = False
    drops_link: bool = False
    latency: int | None = None


@dataclass(slots=True)
class Switches:
    """Hold what a person or the broker turned on and off."""

    logged_in: bool = True
    auto_trading: bool = True
    api_enabled: bool = True
    experts_allowed: bool = True
    trade_allowed: bool = True
    link_up: bool = True
    link_back_at: int = 0
    restarted_at: int = 0
    build: int = 0
    history_calls: int = 1
    history_lag: int = 0
    scripted: list[Scripted] = field(default_factory=list)


@dataclass(slots=True)
class Caller:
    """Hold what one program has of the terminal: whether it is connected, and its last error."""

    is_connected: bool = False
    error: tuple[int, str] = (api.RES_S_OK, api.ERROR_TEXTS[api.RES_S_OK])


@dataclass(slots=True)
class Seen:
    """Hold what the terminal saw last before the link went down."""

    account: AccountInfo
    positions: tuple[TradePosition, ...]
    orders: tuple[TradeOrder, ...]
    symbols: dict[str, SymbolInfo]
    ticks: dict[str, Tick]
    past: int
    deals: int
    now: int


class Session:
    """Hold the connection of a program to a terminal, and of the terminal to its server."""

    def __init__(
        self, profile: BrokerProfile, *, seed: int = 1, start: int = 0,
        feed: Iterable[Quote] = (), server: TradeServer | None = None,
    ) -> None:  # fmt: skip
        self.server = server or TradeServer(profile, seed=seed, start=start, feed=feed)
        self.switches = Switches(
            build=profile.build, history_calls=profile.history_calls,
            history_lag=round(profile.history_lag_ms * 1_000_000),
        )  # fmt: skip
        self.selected: set[str] = set()
        self.login_number = profile.accounts[0].login
        self.caller = Caller()
        self._seen: Seen | None = None
        self._shown: dict[int, tuple[Showing, list[TradeOrder], list[TradeDeal]]] = {}

    @property
    def now(self) -> int:
        """Return the simulated time, nanoseconds UTC."""
        return self.server.now

    @property
    def desk(self) -> Desk:
        """Return the account that is logged in."""
        return self.server.desks[self.login_number]

    def quote(
        self, symbol: str, bid: int, ask: int, ts: int | None = None, *, depth: int = 0
    ) -> None:
        """Push one quote into the market, prices in points; time stands still without `ts`."""
        self.server.quote(Quote(self.now if ts is None else ts, symbol, bid, ask, depth))
        self._mend()

    def advance(self, until: int) -> int:
        """Let time pass up to an instant, with the feed's quotes; return how many came."""
        drawn = self.server.advance(until)
        self._mend()
        return drawn

    def save(self) -> bytes:
        """Return what outlives this terminal: every book, and the places in its sequences."""
        return self.server.save()

    def restore(self, content: bytes) -> None:
        """Go on where a saved terminal stopped."""
        self.server.restore(content)
        self._shown.clear()

    def initialize(self, *unnamed: object, **named: object) -> bool:
        """Connect to the terminal; log in where a login is named."""
        if not self._fits(unnamed, named, ("path", "login", "password", "server"), 1):
            return False
        if self.now < self.switches.restarted_at:
            return self._fail(api.RES_E_INTERNAL_FAIL_INIT, _PIPE)
        if "login" in named and not self._authorise(named):
            return False
        if not self.switches.logged_in:
            return self._fail(api.RES_E_AUTH_FAILED)
        self.caller.is_connected = True
        return self._succeed()

    def login(self, *unnamed: object, **named: object) -> bool:
        """Change to another account of the same server."""
        if not self._fits(unnamed, named, ("login", "password", "server"), 1):
            return False
        if not self._is_ready() and self.caller.error[0] != api.RES_E_AUTH_FAILED:
            return False
        given = dict(named)
        if unnamed:
            given["login"] = unnamed[0]
        return self._authorise(given) and self._succeed()

    def _fits(
        self, unnamed: tuple[object, ...], named: dict[str, object], names: tuple[str, ...],
        most: int,
    ) -> bool:  # fmt: skip
        if len(unnamed) > most:
            return self._fail(api.RES_E_INVALID_PARAMS, "Invalid number of arguments")
        kinds = {"login": int, "timeout": int, "portable": bool | int}
        for name, value in named.items():
            if name not in (*names, "timeout", "portable"):
                continue
            if not isinstance(value, kinds.get(name, str)):
                return self._fail(api.RES_E_INVALID_PARAMS, f'Invalid "{name}" argument')
        return True

    def _authorise(self, given: dict[str, object]) -> bool:
        account = self._find_account(given.get("login"))
        is_right = (
            account is not None
            and self.switches.link_up
            and given.get("password", account.password) == account.password
            and given.get("server", self.server.profile.server) == self.server.profile.server
        )
        if not is_right:
            return self._fail(api.RES_E_AUTH_FAILED)
        assert account is not None
        self.log_in(account.login)
        return True

    def log_in(self, login: int) -> None:
        """Show another account, or the same after a logout."""
        self.login_number, self.switches.logged_in = login, True
        if not self.switches.link_up:
            self._seen = self._look()

    def _find_account(self, login: object) -> AccountTerms | None:
        accounts = self.server.profile.accounts
        return next((account for account in accounts if account.login == login), None)

    def shutdown(self) -> None:
        """Let go of the terminal, which goes on."""
        self.caller.is_connected = False
        self._succeed()

    def version(self) -> tuple[int, int, str] | None:
        """Return version, build and date of the terminal."""
        if not self._is_ready():
            return None
        self._succeed()
        return 500, self.switches.build, _RELEASE

    def last_error(self) -> tuple[int, str]:
        """Return the number and text of the last call."""
        return self.caller.error

    def terminal_info(self) -> TerminalInfo | None:
        """Return the state of the terminal."""
        if not self._is_ready():
            return None
        self._succeed()
        profile, switches = self.server.profile, self.switches
        latency = int(profile.latency.median_ms * 1_000)
        return TerminalInfo(
            community_account=False, community_connection=False, connected=switches.link_up,
            dlls_allowed=False, trade_allowed=switches.auto_trading,
            tradeapi_disabled=not switches.api_enabled, email_enabled=False, ftp_enabled=False,
            notifications_enabled=False, mqid=False, build=switches.build,
            maxbars=profile.max_bars, codepage=1252, ping_last=latency, community_balance=0.0,
            retransmission=0.0, company=profile.company, name="Simulated terminal",
            language="English", path="", data_path="", commondata_path="",
        )  # fmt: skip

    def account_info(self) -> AccountInfo | None:
        """Return the account that is logged in."""
        if not self._is_ready():
            return None
        self._succeed()
        return self._account()

    def _account(self) -> AccountInfo:
        if self._seen is not None:
            return self._seen.account
        switches = self.switches
        return self._showing().account(
            self.desk.book, self.now, trade_allowed=switches.trade_allowed,
            experts=switches.experts_allowed,
        )  # fmt: skip

    def _is_ready(self) -> bool:
        """Say whether a call reaches the terminal; else it has told why."""
        if self.now < self.switches.restarted_at and self.caller.is_connected:
            self.caller.is_connected = False
            return self._fail(api.RES_E_INTERNAL_FAIL_RECEIVE)
        if not self.caller.is_connected:
            return self._fail(api.RES_E_INTERNAL_FAIL_CONNECT)
        if not self.switches.logged_in:
            return self._fail(api.RES_E_AUTH_FAILED)
        return True

    def _succeed(self) -> bool:
        self.caller.error = (api.RES_S_OK, api.ERROR_TEXTS[api.RES_S_OK])
        return True

    def _fail(self, number: int, text: str = "") -> bool:
        self.caller.error = (number, text or api.ERROR_TEXTS[number])
        return False

    def _showing(self) -> Showing:
        return self._shown_of()[0]

    def _shown_of(self) -> tuple[Showing, list[TradeOrder], list[TradeDeal]]:
        """Return past orders and deals as shown, made once each: they never change."""
        desk = self.desk
        shown = self._shown.setdefault(self.login_number, (Showing(desk), [], []))
        showing, past, deals = shown
        past.extend(showing.order(order) for order in desk.book.past[len(past) :])
        deals.extend(showing.deal(deal) for deal in desk.book.deals[len(deals) :])
        return shown

    def _is_visible(self, market: SymbolMarket) -> bool:
        name = market.terms.name
        return name in self.selected or any(
            held.symbol == name for held in self.desk.book.positions.values()
        )

    def cut_link(self, back_at: int = 0) -> None:
        """Cut the terminal from its server, until an instant if one is named."""
        if self._seen is None:
            self._seen = self._look()
        self.switches.link_up, self.switches.link_back_at = False, back_at

    def mend_link(self) -> None:
        """Give the terminal its server back; it sees at once what happened meanwhile."""
        self.switches.link_up, self.switches.link_back_at = True, 0
        self._seen = None

    def _mend(self) -> None:
        if not self.switches.link_up and 0 < self.switches.link_back_at <= self.now:
            self.mend_link()

    def _look(self) -> Seen:
        showing, book = self._showing(), self.desk.book
        symbols = self.server.market.symbols
        return Seen(
            account=self._account(),
            positions=tuple(showing.position(held) for held in book.positions.values()),
            orders=tuple(showing.order(order) for order in book.orders.values()),
            symbols={
                name: showing.symbol(market, is_selected=self._is_visible(market))
                for name, market in symbols.items()
            },
            ticks={name: showing.tick(market) for name, market in symbols.items() if market.ts},
            past=len(book.past), deals=len(book.deals), now=self.now,
        )  # fmt: skip
