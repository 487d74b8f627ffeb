"""What a run trades: each instrument with limits and units of its own."""

from decimal import Decimal

from assay.apps.config import Config
from assay.apps.lab.runs.setup import Costs, prepare
from assay.model.instruments import instrument_for
from assay.model.time import Timeframe
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_bars


def test_limits_and_units_are_those_of_each_instrument() -> None:
    symbols = ("EURUSD", "XAUUSD")
    series = [
        generate_bars(symbol, 200, 7, gapped=False, timeframe=Timeframe.H1) for symbol in symbols
    ]
    setup = prepare(
        series, load_strategy("breakout"), given={"units": "100"}, risk="default", config=Config()
    )
    limits = setup.terms[1][0]
    lots = [instrument_for(symbol).lot_units for symbol in symbols]
    assert limits["position_max"].tolist() == [10 * lot for lot in lots]
    assert limits["spread_max"].tolist() == [100, 100]
    assert setup.world().params[0, :, 3].tolist() == [100, 10_000]


def test_half_a_spread_is_a_whole_number_of_points() -> None:
    bars = generate_bars("EURUSD", 10, 7, gapped=False)
    costs = Costs(spread_pips=Decimal("0.5"))
    setup = prepare([bars], load_strategy("sma-cross"), given={}, costs=costs)
    assert (setup.pricing[0].digits, setup.pricing[0].spread) == (6, 50)
    events = setup.events()
    assert (events["open"] + 25 == bars.open * 10).all()
