"""Close positions by ourselves before the broker does, the worst first."""

from __future__ import annotations

from assay.model.messages import Message
from assay.trading.risk.acts.judge import AccountView, Reduce, Wish

WHOLE = 10_000


class MarginJudge:
    """Close the position that loses most while equity is below a share of margin (basis points).

    Where none is left, equal volumes of both sides of an instrument bind it: they go together.
    """

    source = "margin"

    def __init__(self, level_bp: int) -> None:
        self._level = level_bp

    def hear(self, message: Message) -> None:
        """Take nothing: what it judges is in the account."""

    def look(self, view: AccountView) -> list[Wish]:
        """Wish the worst position closed; the next one only once that one is."""
        is_sound = view.equity * WHOLE >= self._level * view.margin
        if is_sound or not view.margin or not view.is_settled:
            return []
        level = max(view.equity, 0) * 100 / view.margin
        reason = f"equity is {level:.1f} % of margin, below {self._level / 100:g} %"
        if view.held:
            worst = min(view.held, key=lambda symbol: (view.held[symbol].unrealised, symbol))
            return [Reduce(worst, 0, reason, emergency=True, margin=True)]
        symbol, tickets = min(view.tickets.items(), default=("", ()))
        return [
            Reduce(symbol, 0, reason, emergency=True, margin=True, ticket=one.ticket)
            for one in tickets
        ]

    def snapshot(self) -> bytes:
        """Return nothing: it remembers nothing."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take up nothing."""
