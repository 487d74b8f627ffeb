"""A simulated MetaTrader 5 terminal: the package's functions over a broker made of a profile."""

from assay.trading.terminal.client import TerminalClient, connect_terminal
from assay.trading.terminal.hand import Hand
from assay.trading.terminal.profile import BrokerProfile, load_profile, save_profile
from assay.trading.terminal.records import Quote
from assay.trading.terminal.terminal import SimulatedTerminal

__all__ = [
    "BrokerProfile",
    "Hand",
    "Quote",
    "SimulatedTerminal",
    "TerminalClient",
    "connect_terminal",
    "load_profile",
    "save_profile",
]
