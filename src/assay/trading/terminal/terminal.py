"""The simulated terminal: it stands wherever the official package would."""

from __future__ import annotations

from assay.trading.terminal.names import PackageNames
from assay.trading.terminal.trade_calls import TradeCalls


class SimulatedTerminal(PackageNames, TradeCalls):
    """Stand for the package MetaTrader5, over a broker that a profile describes.

    `sys.modules["MetaTrader5"] = terminal` or the object itself serve alike. Time is simulated: it
    moves by `quote` and `advance`, and by the latency of each request; nothing sleeps. Given the
    `server` of another one it is a second terminal there, with a link and switches of its own.
    """
