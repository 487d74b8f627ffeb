"""What a broker leaves to chance, each draw numbered so that a saved terminal goes on alike."""

from __future__ import annotations

from math import log

from assay.model.time import SECOND
from assay.model.values import round_to_scale
from assay.runtime.ids import Rng
from assay.trading.terminal.market import SymbolMarket
from assay.trading.terminal.profile import BrokerProfile

_MILLISECOND_DIGITS = 6


class Chance:
    """Draw latencies, slippage and requotes from a seed and the number of draws before."""

    def __init__(self, profile: BrokerProfile, seed: int, drawn: int = 0) -> None:
        self._profile = profile
        self._seed = seed
        self.drawn = drawn

    def _next(self) -> Rng:
        self.drawn += 1
        return Rng((self._seed << 40) | self.drawn)

    def latency(self, *, is_news: bool) -> int:
        """Return nanoseconds until a request is executed."""
        terms = self._profile.latency
        if not terms.median_ms:
            return 0
        median = float(terms.median_ms) * float(terms.news_factor if is_news else 1)
        drawn = self._next().lognormvariate(log(median), float(terms.sigma))
        return min(round_to_scale(drawn, _MILLISECOND_DIGITS), 60 * SECOND)

    def slippage(self, symbol: SymbolMarket, *, is_stop: bool, is_news: bool) -> int:
        """Return points by which a fill is worse than the quote; negative if it is better."""
        terms = symbol.terms.slippage
        mean = float(terms.points) + float(terms.spread_share) * (symbol.ask - symbol.bid)
        mean *= float(terms.stop_factor) if is_stop else 1.0
        mean *= float(terms.news_factor) if is_news else 1.0
        if mean <= 0:
            return 0
        draw = self._next()
        points = round_to_scale(draw.expovariate(1 / mean), 0)
        is_lucky = not is_stop and draw.random() < float(terms.favourable)
        return -points if is_lucky else points

    def requotes(self) -> bool:
        """Say whether the dealer asks again although the price would do."""
        chance = float(self._profile.requote_chance)
        return chance > 0 and self._next().random() < chance
