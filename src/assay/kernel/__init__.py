"""The compiled arithmetic of the trade: rounding, costs, P&L, conversion, matching, sizing."""
