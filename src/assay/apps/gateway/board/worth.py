"""The account on the page: its worth, how far its limits are used, its equity over time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

import msgspec

from assay.apps.gateway.board.chart import Chart
from assay.apps.gateway.board.scale import Scale, moment, side_of
from assay.apps.gateway.views import AccountView, EquityPoint, Limit, Position
from assay.apps.paper.view.sheet import Held, Sheet, Standing
from assay.model.messages import EquityMarked
from assay.model.time import SECOND

RECENT = 500
THINNED = 2_000


class EquityCurve:
    """Keep the last 500 points, and the whole curve thinned to at most 2,000."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self.recent: deque[EquityPoint] = deque(maxlen=RECENT)
        self._whole: list[EquityPoint] = []
        self._step = 1
        self.count = 0
        self._peak = 0

    def mark(self, marked: EquityMarked) -> EquityPoint:
        """Take the worth at the close of a bar; several of one second are one point."""
        self._peak = max(self._peak, marked.equity)
        fallen = 1 - marked.equity / self._peak if self._peak > 0 else 0.0
        point = EquityPoint(
            time=marked.ts_event // SECOND, equity=self._scale.money(marked.equity),
            balance=self._scale.money(marked.balance), drawdown=fallen,
        )  # fmt: skip
        if self.recent and self.recent[-1].time == point.time:
            self.recent[-1] = point
            if self._whole[-1].time == point.time:
                self._whole[-1] = point
            return point
        self.recent.append(point)
        if self.count % self._step == 0:
            self._whole.append(point)
        self.count += 1
        if len(self._whole) > THINNED:
            self._whole = self._whole[::2]
            self._step *= 2
        return point

    def look_back(self, samples: Iterable[EquityMarked], every: int) -> None:
        """Show the whole time by samples of it, one of about `every` marks; what is recent stays.

        A peak between two samples is not seen.
        """
        before = EquityCurve(self._scale)
        for marked in samples:
            before.mark(marked)
        if not before._whole:
            return
        self._whole, self._step, self.count = before._whole, every, 0
        if before._peak > self._peak:
            self._peak = before._peak
            peak = self._scale.money(self._peak)
            for place, point in enumerate(self.recent):
                fallen = 1 - point.equity / peak
                self.recent[place] = msgspec.structs.replace(point, drawdown=fallen)

    def points(self, limit: int) -> list[EquityPoint]:
        """Return up to `limit` points over the whole time, the newest among them."""
        step = -(-len(self._whole) // limit) if limit else 1
        found = self._whole[::-1][:: max(step, 1)][::-1]
        if self.recent and (not found or found[-1].time < self.recent[-1].time):
            found = [*found, self.recent[-1]][-limit:]
        return found


def account_view(sheet: Sheet, standing: Standing, scale: Scale) -> AccountView:
    """Return the account's worth now."""
    equity = standing.balance + standing.unrealised
    return AccountView(
        tenant=sheet.tenant, account=sheet.account, currency=sheet.currency,
        currency_digits=sheet.currency_digits, balance=scale.money(standing.balance),
        equity=scale.money(equity), margin=scale.money(standing.margin),
        margin_level=equity / standing.margin if standing.margin else None,
        day_profit=scale.money(equity - standing.day_start),
        drawdown=max(1 - equity / standing.peak, 0.0) if standing.peak > 0 else 0.0,
        peak=scale.money(max(standing.peak, equity)), entries_halted=standing.entries_halted,
    )  # fmt: skip


def position_view(held: Held, chart: Chart, scale: Scale, opened: int | None) -> Position:
    """Return an open position at the price at which it would be closed."""
    at = chart.bid if held.quantity > 0 else chart.bid + chart.spread
    symbol = held.symbol
    return Position(
        symbol=symbol, side=side_of(held.quantity), lots=scale.lots(symbol, held.quantity),
        entry=scale.price(symbol, held.cost / held.quantity), price=scale.price(symbol, at),
        stop=scale.price_or_none(symbol, held.stop),
        target=scale.price_or_none(symbol, held.target),
        profit=scale.money(held.unrealised),
        opened=None if opened is None else moment(opened),
    )  # fmt: skip


def limit_views(
    sheet: Sheet, standing: Standing, charts: Mapping[str, Chart], scale: Scale
) -> tuple[Limit, ...]:
    """Return how far each limit is used; of a limit per symbol, the one nearest to its end."""
    equity = standing.balance + standing.unrealised
    lost = max(standing.day_start - equity, 0)
    fallen = max(1 - equity / standing.peak, 0.0) if standing.peak > 0 else 0.0
    bound = standing.margin / equity if equity > 0 else 0.0
    money, unit = scale.money, sheet.currency
    return (
        _limit("Daily loss", money(lost), money(sheet.daily_loss_max), unit, "daily_loss"),
        _limit("Drawdown", 100 * fallen, sheet.drawdown_max_bp / 100, "%", "drawdown"),
        _limit(
            "Exposure", money(standing.exposure), money(sheet.exposure_max), unit, "exposure_limit"
        ),
        _limit("Margin use", 100 * bound, sheet.margin_use_max_bp / 100, "%", "margin"),
        _nearest([_position_limit(standing, symbol, scale) for symbol in charts]),
        _nearest([_spread_limit(chart, scale) for chart in charts.values()]),
    )


def _limit(name: str, value: float, limit: float, unit: str, code: str) -> Limit:
    return Limit(
        name=name, value=value, limit=limit or None, unit=unit,
        share=value / limit if limit else None, reason_code=code,
    )  # fmt: skip


def _nearest(limits: list[Limit]) -> Limit:
    return max(limits, key=lambda each: (each.share or 0.0, each.value))


def _position_limit(standing: Standing, symbol: str, scale: Scale) -> Limit:
    units = next((each.quantity for each in standing.positions if each.symbol == symbol), 0)
    most = scale.traded[symbol].position_max
    name = f"Position {symbol}"
    return _limit(
        name, scale.lots(symbol, units), scale.lots(symbol, most), "lots", "position_limit"
    )


def _spread_limit(chart: Chart, scale: Scale) -> Limit:
    traded = scale.traded[chart.symbol]
    pips, most = chart.spread / traded.pip_points, traded.spread_max / traded.pip_points
    return _limit(f"Spread {chart.symbol}", pips, most, "pips", "spread_too_wide")
