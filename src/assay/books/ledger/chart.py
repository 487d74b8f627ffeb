"""The ledger accounts of each trading account."""

from __future__ import annotations

CASH, PROFIT, COMMISSION, SWAP, DEPOSITS = "cash", "profit", "commission", "swap", "deposits"
CHART = (CASH, PROFIT, COMMISSION, SWAP, DEPOSITS)
"""Debit is positive, so a gain is a credit."""
