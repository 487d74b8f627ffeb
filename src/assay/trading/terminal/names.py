"""The package's numbers, its name, and its three functions that are written in Python."""

from __future__ import annotations

from typing import Any

from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import OrderSendResult, TerminalApi

_TRIES = 10
_AGAIN = (api.TRADE_RETCODE_REQUOTE, api.TRADE_RETCODE_PRICE_OFF)


class PackageNames:
    """Give an object the package's numbers and name, and its three functions written in Python."""

    __version__ = api.VERSION
    __author__ = api.AUTHOR
    __name__ = api.PACKAGE

    def __getattr__(self, name: str) -> int:
        try:
            return api.CONSTANTS[name]
        except KeyError:
            raise AttributeError(f"the package has no {name!r}") from None

    def Buy(  # noqa: N802 - the package's name
        self: TerminalApi, symbol: str, volume: float, price: float | None = None, *,
        comment: str | None = None, ticket: int | None = None,
    ) -> OrderSendResult | None:  # fmt: skip
        """Buy at market, again after a requote, ten times at most."""
        return _deal(self, (api.ORDER_TYPE_BUY, symbol, volume), price, comment, ticket)

    def Sell(  # noqa: N802 - the package's name
        self: TerminalApi, symbol: str, volume: float, price: float | None = None, *,
        comment: str | None = None, ticket: int | None = None,
    ) -> OrderSendResult | None:  # fmt: skip
        """Sell at market, again after a requote, ten times at most."""
        return _deal(self, (api.ORDER_TYPE_SELL, symbol, volume), price, comment, ticket)

    def Close(  # noqa: N802 - the package's name
        self: TerminalApi, symbol: str, *, comment: str | None = None, ticket: int | None = None
    ) -> bool | str | None:
        """Close the positions of a symbol, or one by ticket; tell whether all, some or none."""
        asked: dict[str, Any] = {"symbol": symbol} if ticket is None else {"ticket": ticket}
        positions = self.positions_get(**asked) or ()
        done = 0
        for held in positions:
            kind = api.ORDER_TYPE_SELL if held.type == api.POSITION_TYPE_BUY else api.ORDER_TYPE_BUY
            result = _deal(self, (kind, symbol, held.volume), None, comment, held.ticket)
            if result is None:
                return None
            done += result.retcode == api.TRADE_RETCODE_DONE
        if not done:
            return False
        return True if done == len(positions) else "Partially"


def _deal(
    terminal: TerminalApi, what: tuple[int, str, float], price: float | None,
    comment: str | None, ticket: int | None,
) -> OrderSendResult | None:  # fmt: skip
    kind, symbol, volume = what
    request: dict[str, Any] = {
        "action": api.TRADE_ACTION_DEAL, "symbol": symbol, "volume": volume, "type": kind,
        "deviation": 10,
    }  # fmt: skip
    request |= {} if comment is None else {"comment": comment}
    request |= {} if ticket is None else {"position": ticket}
    result = None
    for _ in range(_TRIES):
        tick = terminal.symbol_info_tick(symbol) if price is None else None
        if price is None and tick is None:
            return None
        named = price if tick is None else tick.ask if kind == api.ORDER_TYPE_BUY else tick.bid
        result = terminal.order_send({**request, "price": named})
        if price is not None or result is None or result.retcode not in _AGAIN:
            break
    return result
