"""The laboratory: the same engine over history, by the sweep or the replay driver.

A folder rests on those named before it: feeds and risk, runs, models, accounts; then
evaluation, markets, backtests; then tuning, champions, sweeps, robustness, twins.
"""
