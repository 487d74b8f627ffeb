"""MetaTrader 5: the names of its official package, and orders brought to its terminal."""

NAME = "mt5"
