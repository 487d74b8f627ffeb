"""Bars to predictions."""
