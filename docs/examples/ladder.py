"""Buy a ticket at each new high, and act on each by itself: a strategy for hedging accounts."""


class Strategy:
    """Hold up to four long tickets; protect, halve and hedge them one by one."""

    parameters = {"bars": 24, "units": 10_000, "step": 200}
    state = {"seen": 1, "closes": "bars"}

    def decide(self, state, market):
        """Ask for the first thing that there is to do, once as many bars as needed are known."""
        bars, close = market.params["bars"], market.bar.close
        known = [int(each) for each in state.closes]
        state.closes[state.seen % bars] = close
        state.seen += 1
        if state.seen > bars and not self.tend(market):
            is_below = close * bars < sum(known)
            self.extend(market, is_below=is_below, is_high=close > max(known))

    def tend(self, market):
        """Ask for what an open ticket needs; say whether one needed anything."""
        step, units = market.params["step"], market.params["units"]
        for ticket in market.tickets:
            if ticket.quantity > 0 and ticket.profit > 2 * step and ticket.quantity == units:
                market.close(ticket, units // 2)
                return True
            if ticket.quantity > 0 and ticket.profit > step and ticket.stop < ticket.price:
                market.protect(ticket, stop=ticket.price)
                return True
            # Five days, in nanoseconds.
            if market.bar.ts - ticket.opened > 432_000_000_000_000:
                market.close(ticket)
                return True
        return False

    def extend(self, market, *, is_below, is_high):
        """Buy at a high, hedge a loss below the mean, and let hedge and loss go together."""
        step, units, close = market.params["step"], market.params["units"], market.bar.close
        longs = [ticket for ticket in market.tickets if ticket.quantity > 0]
        hedges = [ticket for ticket in market.tickets if ticket.quantity < 0]
        if longs and hedges and not is_below:
            market.close_by(hedges[0], longs[0])
        elif longs and not hedges and is_below and longs[-1].profit < -step:
            market.open(-units)
        elif is_high and len(longs) < 4:
            market.open(units, stop=close - 3 * step)
