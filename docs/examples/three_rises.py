"""Buy after three rising closes and sell after one that falls: a strategy as a class."""


class Strategy:
    """Hold a position while closes go on rising."""

    parameters = {"rises": 3, "units": 10_000}
    state = {"seen": 1, "closes": "rises"}

    def decide(self, state, market):
        """Compare the close with those before it."""
        rises, close = market.params["rises"], market.bar.close
        last = state.closes[state.seen % rises - 1] if state.seen else close
        if market.held and close < last:
            market.go_to(0)
        elif not market.held and state.seen >= rises:
            ordered = [int(state.closes[(state.seen + k) % rises]) for k in range(rises)]
            if sorted({*ordered, close}) == [*ordered, close]:
                # 200 points: twenty pips of a price with five digits.
                market.go_to(market.params["units"], stop=close - 200)
        state.closes[state.seen % rises] = close
        state.seen += 1
