"""Metrics of the account that is traded: its worth now, what it holds, its orders, its venue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.metrics_core import SummaryMetricFamily

from assay.apps.gateway.board.content import Board
from assay.apps.gateway.board.worth import account_view, limit_views
from assay.books.reports.tally import OrderTally
from assay.model.messages import AccountReported
from assay.model.time import SECOND

QUANTILES = (0.5, 0.9, 0.99)
OPEN_STATES = ("resting", "partly_filled")
ENDED_STATES = ("filled", "cancelled", "expired", "rejected", "denied")
HUNDREDTHS = 10_000
Row = tuple[Sequence[str], float]


def _gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
    family = GaugeMetricFamily(f"assay_{name}", text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def tell_account(board: Board) -> Iterator[Metric]:
    """Yield what the account is worth now, what it holds, and how old the quotes are."""
    told = account_view(board.sheet, board.standing, board.scale)
    plain = [
        ("balance", "Balance of the account, in its currency.", told.balance),
        ("equity", "Worth of the account now, open positions included.", told.equity),
        ("margin", "Margin that open positions bind.", told.margin),
        ("peak", "Highest worth of the account so far.", told.peak),
        ("drawdown", "Fall from the peak now, as a share of it.", told.drawdown),
        ("day_profit", "Gain since the trading day began.", told.day_profit),
    ]
    if told.margin_level is not None:
        plain.append(("margin_level", "Equity over margin.", told.margin_level))
    for name, text, value in plain:
        yield _gauge(f"account_{name}", text, (), [((), float(value))])
    yield _gauge("account_facts", "1 of the account on show.", ("account", "currency"),
                 [((told.account, told.currency), 1.0)])  # fmt: skip
    yield _gauge("entries_halted", "Sources that hold entries back, by instrument or in all.", (),
                 [((), float(len(told.entries_halted)))])  # fmt: skip
    held = board.positions()
    yield _gauge("positions_open", "Open positions.", (), [((), float(len(held)))])
    yield _gauge("position_lots", "Lots held.", ("symbol", "side"),
                 [((each.symbol, each.side), each.lots) for each in held])  # fmt: skip
    yield _gauge("position_profit", "Unrealised profit of what is held.", ("symbol",),
                 [((each.symbol,), each.profit) for each in held])  # fmt: skip
    limits = limit_views(board.sheet, board.standing, board.charts, board.scale)
    yield _gauge("limit_used", "Share of a risk limit that is used; at 1 it denies.", ("rule",),
                 [((each.reason_code,), each.share) for each in limits
                  if each.share is not None])  # fmt: skip
    yield _gauge("quote_timestamp_seconds", "Time of the last quote, in seconds since 1970.",
                 ("symbol",), [((chart.symbol,), chart.ts / SECOND)
                               for chart in board.charts.values() if chart.ts])  # fmt: skip


def tell_orders(tally: OrderTally) -> Iterator[Metric]:
    """Yield what became of the orders of a run, how they filled, and what the venue said last."""
    sent = CounterMetricFamily("assay_orders_sent", "Orders sent, parts of others included.")
    sent.add_metric((), tally.sent)
    yield sent
    yield _gauge("orders_open", "Orders that may still fill.", ("state",),
                 [((state,), float(tally.open[state])) for state in OPEN_STATES])  # fmt: skip
    ended = CounterMetricFamily(
        "assay_orders_ended", "Orders that are done, by how.", labels=("state",)
    )
    for state in ENDED_STATES:
        ended.add_metric((state,), tally.ended[state])
    yield ended
    unfilled = CounterMetricFamily(
        "assay_orders_unfilled", "Orders that did not fill, or not whole, by why.",
        labels=("state", "reason"),
    )  # fmt: skip
    for (state, reason), count in sorted(tally.reasons.items()):
        unfilled.add_metric((state, reason), count)
    yield unfilled
    slips = SummaryMetricFamily(
        "assay_slippage_pips",
        "Pips by which fills were worse than the price of their order, or of its decision.",
        count_value=tally.slip_count, sum_value=tally.slip_sum,
    )  # fmt: skip
    yield slips
    if tally.slips:
        values = np.quantile(np.array(tally.slips), QUANTILES).tolist()
        yield _gauge("slippage_pips_recent", "The same of the last 1,000 such fills.",
                     ("quantile",), [((f"{level:g}",), value) for level, value
                                     in zip(QUANTILES, values, strict=True)])  # fmt: skip
    if tally.report is not None:
        yield from _tell_venue(tally.report)


def _tell_venue(told: AccountReported) -> Iterator[Metric]:
    minor = 10.0**told.currency_digits
    rows = (
        ("up", "1 where the terminal was linked to its broker at its last report.",
         float(told.connected)),
        ("trade_allowed", "1 where the terminal let programs trade at its last report.",
         float(told.trade_allowed)),
        ("report_timestamp_seconds", "Time of its last report, in seconds since 1970.",
         told.ts_event / SECOND),
        ("balance", "Balance that it reported.", told.balance / minor),
        ("equity", "Equity that it reported.", told.equity / minor),
        ("margin_level", "Equity over margin that it reported.", told.level / HUNDREDTHS),
    )  # fmt: skip
    for name, text, value in rows:
        yield _gauge(f"venue_{name}", text, (), [((), value)])
