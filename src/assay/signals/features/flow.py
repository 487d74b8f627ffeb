"""The flow set: the standard one, and what the quotes inside bars did, for feeds with sizes."""

from __future__ import annotations

from collections.abc import Sequence

from assay.signals.features.definition import FeatureSet, in_floats, quotient
from assay.signals.features.leaders import Lead
from assay.signals.features.standard import ATR, MOVE, standard_set
from assay.signals.streams.plan import Use, use

VERSION = 1
SPANS = (1, 5, 20)
"""Bars over which flow, depth and volatility are looked at."""

USES: tuple[Use, ...] = (
    use("micro_price"),
    use("quote_intensity", period=60),
    *(use("order_flow_imbalance", period=span) for span in SPANS),
    *(use("depth_imbalance", period=span) for span in SPANS),
    *(use("quote_volatility", period=span) for span in SPANS),
)

FEATURES = (
    quotient("micro_price", "micro_price.offset", "spread_60.spread"),
    quotient("quote_intensity", "quote_intensity_60.quotes", "quote_intensity_60.mean"),
    *(
        quotient(f"order_flow_{n}", f"order_flow_imbalance_{n}.depths", factor=0.1 * n**-0.5)
        for n in SPANS
    ),
    quotient("depth_close", "depth_imbalance_1.close"),
    *(quotient(f"depth_{n}", f"depth_imbalance_{n}.mean") for n in SPANS),
    quotient("quote_volatility_1", "quote_volatility_1.points", ATR),
    *(
        quotient(f"quote_volatility_{n}", f"quote_volatility_{n}.points", MOVE)
        for n in SPANS[1:]
    ),
)  # fmt: skip


def flow_set(timeframe: int, leaders: Sequence[Lead] = ()) -> FeatureSet:
    """Return the flow set for bars of this length (ns), with the momentum of leaders, if any."""
    own = standard_set(timeframe, leaders)
    return FeatureSet(
        "flow", VERSION, (*own.uses, *USES), in_floats((*own.features, *FEATURES)), own.leaders,
        own.leader_features,
    )  # fmt: skip
