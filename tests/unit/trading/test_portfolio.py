"""Portfolios: conversions by hand, state against a slow reference, targets against others' code."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from assay.model.accounts import AccountSpec
from assay.model.errors import DataError, InvariantError, UsageError
from assay.model.instruments import instrument_for
from assay.model.messages import (
    BarClosed,
    Message,
    OrderFilled,
    OrderSubmitted,
    SwapCharged,
    Tick,
)
from assay.runtime.ids import Rng, seeded_generator
from assay.trading.portfolio import Chains, Portfolio, view_account
from assay.trading.portfolio.rebalancing import Book, rebalance
from assay.trading.portfolio.targets import (
    Terms,
    choose_targets,
    cvar_of,
    risk_shares,
    shrink_covariance,
    shrink_means,
)

USD = AccountSpec(id="paper", cash=10_000_000)


def chains_of(**quotes: tuple[int, int]) -> Chains:
    chains = Chains({name: instrument_for(name) for name in quotes})
    for name, (bid, ask) in quotes.items():
        chains.observe(name, bid, ask)
    return chains


def test_a_chain_goes_leg_by_leg_at_the_side_that_hurts() -> None:
    chains = chains_of(
        EURUSD=(110_000, 110_020), GBPUSD=(130_000, 130_030), USDJPY=(110_000, 110_020),
        EURGBP=(84_600, 84_620),
    )  # fmt: skip
    # Pounds into yen: sold for dollars at 1.30000, those sold at 110.000; 143.
    assert chains.rate("GBP", "JPY", buys=False) == Fraction(130_000 * 110_000, 10**8)
    # A pound that is owed: bought at 1.30030, with dollars bought at 110.020.
    assert chains.rate("GBP", "JPY", buys=True) == Fraction(130_030 * 110_020, 10**8)
    # Yen into pounds: dollars are bought at 110.020, then pounds at 1.30030.
    assert chains.rate("JPY", "GBP", buys=False) == Fraction(10**8, 110_020 * 130_030)
    assert chains.rate("JPY", "GBP", buys=True) == Fraction(10**8, 110_000 * 130_000)
    # One leg is shorter than two.
    assert chains.rate("EUR", "GBP", buys=False) == Fraction(84_600, 10**5)
    assert chains.rate("EUR", "EUR", buys=True) == 1
    assert chains.rate("EUR", "CHF", buys=True) is None


def test_owning_and_owing_differ_by_the_spread() -> None:
    chains = chains_of(USDJPY=(110_000, 110_020))
    assert chains.convert(Fraction(110_020), "JPY", "USD") == 1_000
    assert chains.convert(Fraction(-110_000), "JPY", "USD") == -1_000


def test_a_symbol_without_a_price_carries_nothing() -> None:
    chains = chains_of(USDJPY=(110_000, 110_020))
    chains.observe("USDJPY", 0, 110_020)
    assert chains.rate("JPY", "USD", buys=False) is None
    chains.observe("USDJPY", 110_000, 110_020)
    assert chains.rate("JPY", "USD", buys=False) is not None


def portfolio_of(*symbols: str, spec: AccountSpec = USD) -> Portfolio:
    return Portfolio([spec], {name: instrument_for(name) for name in symbols})


def tick(symbol: str, bid: int, ask: int) -> Tick:
    return Tick(id=1, ts_event=1, ts_init=1, symbol=symbol, bid=bid, ask=ask)


def order(key: int, symbol: str, strategy: str) -> OrderSubmitted:
    return OrderSubmitted(
        id=key, ts_event=1, ts_init=1, key=key, account="paper", strategy=strategy, symbol=symbol,
        ts_bar=1, ordinal=0, order_type="market", quantity=1, price=0, stop=0, target=0,
    )  # fmt: skip


def fill(key: int, symbol: str, quantity: int, price: int, position: int, **money: int) -> Message:
    amounts = {"commission": 0, "profit": 0, "spread_cost": 0, "slippage_cost": 0} | money
    return OrderFilled(
        id=key, ts_event=1, ts_init=1, key=key, fill=key, account="paper", symbol=symbol,
        quantity=quantity, price=price, price_digits=instrument_for(symbol).digits, rate_num=1,
        rate_den=1, position=position, kind="exact", reason="market", **amounts,
    )  # fmt: skip


def test_profit_is_told_by_part_symbol_and_strategy() -> None:
    portfolio = portfolio_of("EURUSD", "USDJPY")
    for message in (
        tick("EURUSD", 110_000, 110_020), tick("USDJPY", 110_000, 110_020),
        order(1, "EURUSD", "trend"),
        fill(1, "EURUSD", 100_000, 110_020, 100_000, commission=350, spread_cost=1_000),
        order(2, "USDJPY", "range"),
        fill(2, "USDJPY", -50_000, 110_000, -50_000, commission=175),
        SwapCharged(id=3, ts_event=1, ts_init=1, account="paper", symbol="EURUSD",
                    position=100_000, nights=1, amount=-620),
        # Nobody ordered this one: it is a stop, of who traded the symbol last.
        fill(9, "EURUSD", -40_000, 110_120, 60_000, profit=4_000, commission=140),
        tick("EURUSD", 110_100, 110_120), tick("USDJPY", 110_200, 110_220),
    ):  # fmt: skip
        portfolio.handle(message)
    view = view_account(portfolio, "paper")
    trend, short = view.by_strategy["trend"], view.by_strategy["range"]
    # 60,000 x (1.10100 - 1.10020) = 48.00; 50,000 x (110.000 - 110.220) = -11,000 yen, which are
    # bought at the bid of 110.200 yen a dollar: -99.82.
    assert (trend.realised, trend.unrealised, trend.swap, trend.commission) == (
        4_000, 4_800, -620, 490,
    )  # fmt: skip
    assert (short.unrealised, short.commission, short.fills) == (-9_982, 175, 1)
    assert view.by_symbol == {"EURUSD": trend, "USDJPY": short}
    assert view.balance == 10_000_000 + 4_000 - 620 - 490 - 175
    assert view.equity == view.balance + 4_800 - 9_982
    # 60,000 euros are sold at 1.10100; 50,000 dollars are owed and 5,511,000 yen owned, which buy
    # dollars at 110.220.
    assert view.exposure == {"EUR": 6_606_000, "USD": -6_606_000 - 5_000_000, "JPY": 5_000_000}
    assert view.gross == {"EURUSD": 6_606_000, "USDJPY": 5_000_000}
    assert view.unpriced == ()


def test_what_nothing_values_is_named_and_in_no_figure() -> None:
    portfolio = portfolio_of("EURGBP")
    portfolio.handle(tick("EURGBP", 84_600, 84_620))
    portfolio.handle(fill(1, "EURGBP", 1_000, 84_620, 1_000))
    view = view_account(portfolio, "paper")
    assert (view.unpriced, view.equity, view.exposure) == (("EURGBP",), 10_000_000, {})


def test_a_fill_that_leaves_another_position_is_a_fault() -> None:
    portfolio = portfolio_of("EURUSD")
    with pytest.raises(InvariantError, match="holds 1000 of EURUSD, its fill says 2000"):
        portfolio.handle(fill(1, "EURUSD", 1_000, 110_000, 2_000))


@pytest.mark.parametrize("seed", range(8))
def test_unrealised_profit_is_that_of_average_cost_kept_as_fractions(seed: int) -> None:
    rng, portfolio = Rng(seed), portfolio_of("EURUSD")
    held, average = 0, Fraction(0)
    for number in range(60):
        price = 110_000 + rng.randrange(-900, 900)
        quantity = 1_000 * rng.choice([-7, -3, -1, 1, 2, 5])
        if held * quantity >= 0:
            average = (average * held + price * quantity) / Fraction(held + quantity)
        elif abs(quantity) > abs(held):
            average = Fraction(price)
        held += quantity
        portfolio.handle(fill(number, "EURUSD", quantity, price, held))
        bar = BarClosed(
            id=1, ts_event=1, ts_init=1, symbol="EURUSD", timeframe=60, ts_open=0, open=price,
            high=price, low=price, close=price, spread_open=9, spread_high=9, spread_low=9,
            spread_close=9,
        )  # fmt: skip
        portfolio.handle(bar)
        if rng.randrange(5) == 0:
            taken, portfolio = portfolio.snapshot(), portfolio_of("EURUSD")
            portfolio.restore(taken)
        closing = price if held > 0 else price + 9
        expected = held * (closing - average) / 1_000
        shown = view_account(portfolio, "paper").total.unrealised
        # Cost is cut to a point x unit at each part that closes, so a cent may be between them.
        assert abs(shown - expected) <= 1, number


def returns_of(seed: int = 2024, n: int = 5) -> np.ndarray:
    generator = seeded_generator(seed)
    mixing = generator.normal(size=(n, n))
    shocks = generator.standard_t(4, size=(400, n)) @ mixing * 0.003
    return np.asarray(shocks + generator.normal(0, 0.0004, n))


@pytest.mark.parametrize(
    ("method", "terms", "expected"),
    [
        ("mean-variance", Terms(0.4, 40.0), [0.4, 0.39990591, 0.07710955, 0.12298454, 0.0]),
        ("risk-parity", Terms(), [0.39493525, 0.08021754, 0.16172781, 0.07226232, 0.29085709]),
        ("minimum-cvar", Terms(0.4), [0.4, 0.0, 0.23651357, 0.0, 0.36348643]),
    ],
)
def test_targets_are_those_of_another_library(
    method: str, terms: Terms, expected: list[float]
) -> None:
    # skfolio 1.12.2 (cvxpy 1.9.3, Clarabel 0.11.1) on the same returns, means and covariance.
    found = choose_targets(returns_of(), method, terms)
    assert found.sum() == pytest.approx(1.0)
    assert found == pytest.approx(np.array(expected), abs=4e-6)


def test_parity_gives_each_the_same_share_of_the_risk() -> None:
    returns = returns_of(7, 20) * np.linspace(0.01, 5.0, 20)
    weights = choose_targets(returns, "risk-parity")
    shares = risk_shares(weights, shrink_covariance(returns))
    assert shares == pytest.approx(np.full(20, 1 / 20), rel=1e-6)


def test_no_other_weights_have_a_smaller_tail_or_a_greater_utility() -> None:
    returns = returns_of(3)
    least = cvar_of(returns, choose_targets(returns, "minimum-cvar"))
    terms = Terms(1.0, 60.0)
    best = choose_targets(returns, "mean-variance", terms)
    covariance = shrink_covariance(returns)
    means = shrink_means(returns, covariance)
    others = seeded_generator(9).dirichlet(np.ones(5), 400)
    for other in (*others, *np.eye(5)):
        assert cvar_of(returns, other) >= least - 1e-12
        for near in (other, 0.99 * best + 0.01 * other):
            worth = means @ near - 30 * near @ covariance @ near
            assert worth <= means @ best - 30 * best @ covariance @ best + 1e-12


def test_means_are_drawn_together_and_more_so_where_little_is_known() -> None:
    returns = returns_of(5)
    covariance = shrink_covariance(returns)
    plain = returns.mean(axis=0)
    spread = np.ptp(shrink_means(returns, covariance)) / np.ptp(plain)
    fewer = returns[:80]
    spread_of_few = np.ptp(shrink_means(fewer, covariance)) / np.ptp(fewer.mean(axis=0))
    assert 0 < spread_of_few < 1
    assert 0 < spread < 1


@pytest.mark.parametrize(
    ("rows", "method", "terms", "error", "says"),
    [
        (400, "magic", Terms(), UsageError, "unknown"),
        (59, "risk-parity", Terms(), DataError, "59 rows"),
        (400, "minimum-cvar", Terms(0.1), UsageError, "do not make a whole"),
        (400, "risk-parity", Terms(0.5), UsageError, "no room for --most"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(
    rows: int, method: str, terms: Terms, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        choose_targets(returns_of()[:rows], method, terms)


def test_orders_go_to_the_edge_of_the_band_and_floor_to_the_step() -> None:
    chains = chains_of(EURUSD=(110_000, 110_000), USDJPY=(110_000, 110_000), XAUUSD=(150_000,) * 2)
    held = {"EURUSD": 50_000, "USDJPY": -20_000, "XAUUSD": 1_000}
    book = Book(USD, 10_000_000, held)
    # Weights now: 0.55, -0.2, 0.15.
    targets = {"EURUSD": 0.8, "USDJPY": -0.21}
    found = {one.symbol: one for one in rebalance(book, targets, chains, 0.05)}
    # To 0.75: 20,000 / 1.1 = 18,181 units, floored to 18,000. USDJPY is near enough; gold goes.
    assert {name: one.units for name, one in found.items()} == {"EURUSD": 18_000, "XAUUSD": -1_000}
    assert found["EURUSD"].after == pytest.approx(0.748)
    found = {one.symbol: one.units for one in rebalance(book, {"EURUSD": -0.1}, chains, 0.0)}
    # From 50,000 to -9,090.9: 59,090 sold, floored to 59,000.
    assert found == {"EURUSD": -59_000, "USDJPY": 20_000, "XAUUSD": -1_000}


@pytest.mark.parametrize("seed", range(6))
def test_no_order_is_larger_than_asked_and_none_leaves_a_crumb(seed: int) -> None:
    rng, chains = Rng(seed), chains_of(EURUSD=(110_000, 110_020), XAUUSD=(150_000, 150_040))
    for _ in range(60):
        held = {"EURUSD": 1_000 * rng.randrange(-90, 90), "XAUUSD": 100 * rng.randrange(-90, 90)}
        book = Book(USD, rng.randrange(1_000_000, 20_000_000), held)
        targets = {name: rng.uniform(-1.5, 1.5) for name in held}
        for one in rebalance(book, targets, chains, 0.02):
            instrument = chains.instruments[one.symbol]
            assert one.units % instrument.volume_step == 0
            assert abs(one.units) >= instrument.volume_min
            left = abs(one.held + one.units)
            assert left == 0 or left >= instrument.volume_min
            low, high = sorted((one.weight, one.target))
            assert low - 1e-9 <= one.after <= high + 1e-9


def test_nothing_is_shared_out_without_equity_or_quotes() -> None:
    with pytest.raises(DataError, match="nothing to share out"):
        rebalance(Book(USD, 0, {}), {"EURUSD": 1.0}, chains_of(EURUSD=(110_000, 110_020)))
    with pytest.raises(DataError, match="no quoted chain leads from EUR to USD"):
        rebalance(Book(USD, 1, {}), {"EURGBP": 1.0}, chains_of(EURGBP=(84_600, 84_620)))
