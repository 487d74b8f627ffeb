"""Ticks to bars: sources, quality, bars, history."""
