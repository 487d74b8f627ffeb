"""The ledger accounts of each trading account."""

from __future__ import annotations

CASH, PROFIT, COMMISSION, SWAP, DEPOSITS = "cash", "profit", "commission", "swap", "deposits"
FOREIGN = "foreign"
"""What others traded on an account of ours at a venue."""
CHART = (CASH, PROFIT, COMMISSION, SWAP, DEPOSITS, FOREIGN)
"""Debit is positive, so a gain is a credit."""
