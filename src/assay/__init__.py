"""Assay turns market data into audited, risk-checked trading decisions."""

__version__ = "0.1.0"
