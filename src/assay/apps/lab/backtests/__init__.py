"""Backtests: one and its folder, several side by side, other bars, less of the future."""
