"""From fills to truth: ledger, reconciler, reports."""
