"""The session breakout of docs/examples, written as a class."""

from typing import ClassVar

HOUR = 3_600_000_000_000


class Strategy:
    """Trade the first close outside the range of the night."""

    parameters: ClassVar = {"opens": 7, "closes": 16, "units": 10_000}
    state: ClassVar = {"day": 1, "high": 1, "low": 1, "is_done": 1}

    def decide(self, state, market):
        bar, held = market.bar, market.held
        opens, closes, units = (market.params[name] for name in ("opens", "closes", "units"))
        began = bar.ts - bar.seconds * 1_000_000_000
        day, hour = divmod(began // HOUR, 24)
        if day != state.day:
            state.day, state.high, state.low, state.is_done = day, bar.high, bar.low, 0
        if hour < opens:
            state.high, state.low = max(state.high, bar.high), min(state.low, bar.low)
        elif hour >= closes:
            state.is_done = 1
        if held and not opens <= hour < closes:
            market.go_to(0)
        elif hour >= opens and not state.is_done and not held:
            self._enter(state, market, units)

    def _enter(self, state, market, units):
        close = market.bar.close
        if state.low <= close <= state.high:
            return
        state.is_done = 1
        if close > state.high:
            market.go_to(units, stop=state.low)
        else:
            market.go_to(-units, stop=state.high + market.bar.spread_close)
