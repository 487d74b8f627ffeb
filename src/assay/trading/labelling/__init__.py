"""Strategies that make labels, not money."""
