"""Keep an account diversified: what a cluster grew beyond its share of equity is given back."""

from __future__ import annotations

from collections.abc import Mapping

from assay.model.messages import Message
from assay.trading.risk.acts.judge import AccountView, Reduce, Wish

WHOLE = 10_000


class ClusterJudge:
    """Reduce the positions of a cluster that is worth more than its share of equity, all alike.

    `members` are the clusters of each symbol. At each close the positions are brought to
    `share_bp` less `slack_bp`, so that the next move does not trade again; a share of 0 is none.
    `weights` are the most of equity that each position may come to (basis points); where there are
    any, what is not among them is closed.
    """

    source = "clusters"

    def __init__(
        self, share_bp: int, members: Mapping[str, tuple[str, ...]], slack_bp: int = 0,
        weights: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        self._share, self._members, self._slack = share_bp, members, slack_bp
        self._weights = weights or {}

    def hear(self, message: Message) -> None:
        """Take nothing: what it judges is in the account."""

    def look(self, view: AccountView) -> list[Wish]:
        """Wish each position brought to its weight, and to the share of its clusters."""
        if not view.at_close or not view.is_settled:
            return []
        kept = self._weigh(view)
        for symbol, wished in self._spread(view).items():
            kept[symbol] = min(kept.get(symbol, wished), wished)
        return [Reduce(symbol, keep, reason) for symbol, (keep, reason) in kept.items()]

    def _weigh(self, view: AccountView) -> dict[str, tuple[int, str]]:
        """Return what may be left of each position that outgrew its weight, and why."""
        kept: dict[str, tuple[int, str]] = {}
        for symbol, holding in view.held.items() if self._weights else ():
            most = max(view.equity, 0) * self._weights.get(symbol, 0) // WHOLE
            if holding.worth > most:
                keep = abs(holding.quantity) * most // holding.worth
                kept[symbol] = keep, f"more than {_percent(most, view)} of equity, its weight"
        return kept

    def _spread(self, view: AccountView) -> dict[str, tuple[int, str]]:
        """Return what may be left of each position of a cluster that grew too large, and why."""
        most = max(view.equity, 0) * self._share // WHOLE
        target = max(view.equity, 0) * max(self._share - self._slack, 0) // WHOLE
        kept: dict[str, tuple[int, str]] = {}
        names = {name for symbol in view.held for name in self._members[symbol]}
        for cluster in sorted(names) if self._share else ():
            inside = [symbol for symbol in view.held if cluster in self._members[symbol]]
            worth = sum(view.held[symbol].worth for symbol in inside)
            if worth <= most:
                continue
            reason = f"cluster {cluster} is {_percent(worth, view)} of equity"
            for symbol in inside:
                keep = abs(view.held[symbol].quantity) * target // worth, reason
                kept[symbol] = min(kept.get(symbol, keep), keep)
        return kept

    def snapshot(self) -> bytes:
        """Return nothing: it remembers nothing."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take up nothing."""


def _percent(worth: int, view: AccountView) -> str:
    return f"{worth * 100 / max(view.equity, 1):.0f} %"
