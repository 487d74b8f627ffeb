"""What markets show by themselves: regimes, correlations, patterns, gaps, an exam."""
