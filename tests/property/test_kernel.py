"""The compiled arithmetic against Python's own big integers and fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.kernel.costs import (
    SWAP_ANNUAL,
    SWAP_PER_LOT,
    commission_for,
    leg_price,
    margin_for,
    swap_for,
    value_in_account,
)  # fmt: skip
from assay.kernel.records import INSTRUMENT, MARKET_STATE
from assay.kernel.rounding import OVERFLOW, divide_half_even, muldiv
from assay.kernel.sizing import floor_to_step, kelly_bp, size_fixed_risk
from assay.model.accounts import AccountSpec, CommissionSchedule
from assay.model.errors import UsageError
from assay.model.instruments import Instrument, instrument_for
from assay.trading.engine.terms import (
    PROFILES,
    Contract,
    RiskProfile,
    conversion_leg,
    instrument_terms,
    limit_terms,
)  # fmt: skip
from assay.trading.terminal import load_profile
from assay.trading.terminal.market import Market
from assay.trading.terminal.records import Quote
from assay.trading.terminal.wallclock import WallClock

LARGEST = 2**63 - 1
WHOLE = st.integers(-LARGEST, LARGEST)
DENOMINATORS = st.one_of(st.integers(1, 1_000), st.integers(1, 2**62 - 1))
exactly = settings(deadline=None)
"""The first call compiles, which has nothing to do with what is tested."""


def exact(a: int, b: int, denominator: int) -> int:
    """Return a x b / denominator half-even, as Python's Fraction rounds, or OVERFLOW."""
    result = round(Fraction(a * b, denominator))
    return result if abs(result) <= LARGEST else OVERFLOW


@exactly
@given(WHOLE, WHOLE, DENOMINATORS)
@example(LARGEST, LARGEST, 1)
@example(LARGEST, -LARGEST, 2**62 - 1)
@example(10**18, 10**18, 10**18)
@example(LARGEST, 1, 1)
@example(-LARGEST, 1, 1)
@example(3, 1, 2)
@example(-3, 1, 2)
@example(2**62 - 1, 2**62 - 1, 2**62 - 1)
@example(2**32, 2**32, 2)
@example(2**31, 2**32, 1)
def test_muldiv(a: int, b: int, denominator: int) -> None:
    assert muldiv(a, b, denominator) == exact(a, b, denominator)


@exactly
@given(st.integers(2**30, 2**33), st.integers(2**29, 2**33), DENOMINATORS)
def test_muldiv_around_sixty_four_bits(a: int, b: int, denominator: int) -> None:
    assert muldiv(a, b, denominator) == exact(a, b, denominator)


@exactly
@given(st.integers(2**52 - 2**12, 2**52 + 2**12), DENOMINATORS)
@example(2**52 - 1, 2)
@example(2**52 - 1, 2**61)
@example(2**52, 3)
def test_muldiv_where_floats_end(product: int, denominator: int) -> None:
    for sign in (1, -1):
        assert muldiv(sign * product, 1, denominator) == exact(sign * product, 1, denominator)


@exactly
@given(st.integers(0, 2**40), st.integers(1, 2**20), st.integers(1, 2**20))
def test_muldiv_on_ties(quotient: int, half: int, factor: int) -> None:
    """(2q + 1) halves lie exactly between two integers; the even one is taken."""
    for sign in (1, -1):
        found = muldiv(sign * (2 * quotient + 1) * half, factor, 2 * half * factor)
        assert found == exact(sign * (2 * quotient + 1) * half, factor, 2 * half * factor)
        assert found % 2 == 0


@exactly
@given(st.integers(1, 2**52), st.integers(0, 2**10), st.sampled_from([-1, 1]))
def test_muldiv_beside_ties_where_floats_end(denominator: int, below: int, step: int) -> None:
    """A quotient of floats that comes as close to a half as one can is no half."""
    odd = max((2**52 // denominator) - below, 0) * 2 + 1
    product = odd * denominator // 2 + step
    assert muldiv(product, 1, denominator) == exact(product, 1, denominator)


@exactly
@given(st.integers(-(2**61), 2**61), st.integers(1, 2**60))
def test_divide_half_even(numerator: int, denominator: int) -> None:
    assert divide_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@exactly
@given(
    st.integers(-(10**12), 10**12), st.integers(1, 10_000), st.integers(1, 100),
    st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 5),
)  # fmt: skip
def test_money_is_rounded_once(
    raw: int, width: int, step: int, minimum: int, maximum: int, p: int
) -> None:
    units = abs(raw) % (10 * maximum)
    floored = floor_to_step(units, step, minimum, maximum)
    assert floored % step == 0
    assert floored <= min(units, maximum)
    assert floored == 0 or floored >= minimum
    larger = floored + step
    assert larger > min(units, maximum) or larger < minimum or floored == 0


@exactly
@given(st.integers(0, 10_000), st.integers(1, 10**9), st.integers(1, 10**9),
       st.integers(0, 10_000), st.integers(0, 10_000))  # fmt: skip
def test_kelly(win_bp: int, gain: int, loss: int, fraction_bp: int, cap_bp: int) -> None:
    edge = win_bp - round(Fraction((10_000 - win_bp) * loss, gain))
    share = round(Fraction(edge * fraction_bp, 10_000))
    assert kelly_bp(win_bp, gain, loss, fraction_bp, cap_bp) == min(max(share, 0), cap_bp)


@exactly
@given(st.integers(0, 10_000), st.integers(-5, 0), st.integers(-5, 0))
def test_kelly_without_gain_or_loss_risks_nothing(win_bp: int, gain: int, loss: int) -> None:
    assert kelly_bp(win_bp, gain, 100, 10_000, 10_000) == 0
    assert kelly_bp(win_bp, 100, loss, 10_000, 10_000) == 0


@exactly
@given(st.integers(-(10**6), 10**14), st.integers(0, 10_000), st.integers(-5, 10**9),
       st.integers(1, 10**7))  # fmt: skip
def test_fixed_risk(equity: int, risk_bp: int, loss_per_lot: int, lot_units: int) -> None:
    units = size_fixed_risk(equity, risk_bp, loss_per_lot, lot_units)
    if equity <= 0 or loss_per_lot <= 0:
        assert units == 0
        return
    budget = round(Fraction(equity * risk_bp, 10_000))
    wanted = round(Fraction(budget * lot_units, loss_per_lot))
    assert units == (wanted if wanted <= LARGEST else 0)


def terms(
    symbol: str, account: AccountSpec | None = None, price_max: int = 10**6, **leg: int
) -> np.void:
    spec = instrument_for(symbol)
    contract = Contract(
        spec, spec.digits, leg=leg.get("leg", -1), leg_divides=bool(leg.get("divides")),
        leg_digits=leg.get("digits", 0),
    )  # fmt: skip
    return instrument_terms(
        contract, account or AccountSpec(id="a"), PROFILES["default"], price_max
    )


@exactly
@given(st.integers(-(10**13), 10**13), st.integers(1_000, 200_000))
def test_conversion_multiplies_divides_or_stands(raw: int, bid: int) -> None:
    plain = terms("EURUSD")
    assert value_in_account(raw, plain, 0, 1) == round(Fraction(raw, 1_000))
    times = terms("EURGBP", leg=1, digits=5)
    assert value_in_account(raw, times, bid, 1) == round(Fraction(raw * bid, 10**8))
    by = terms("USDJPY", leg=0, divides=1, digits=3)
    # Yen are raw / 1000; dollars are yen / (bid / 1000); cents are 100 times that.
    assert value_in_account(raw, by, bid, 1) == round(Fraction(raw * 100, bid))
    assert value_in_account(raw, by, bid, 2) == round(Fraction(raw * 50, bid))


@exactly
@given(st.integers(-(10**13), 10**13), st.integers(1_000, 200_000), st.integers(0, 900))
def test_a_gain_brings_less_and_a_loss_costs_more(raw: int, bid: int, spread: int) -> None:
    market = np.zeros(1, MARKET_STATE)
    market["leg_bid"], market["leg_ask"] = bid, bid + spread
    for contract in (
        terms("EURGBP", leg=1, digits=5), terms("USDJPY", leg=0, divides=1, digits=3),
    ):  # fmt: skip
        found = value_in_account(raw, contract, leg_price(raw, contract, market[0]), 1)
        assert found == min(value_in_account(raw, contract, at, 1) for at in (bid, bid + spread))


@pytest.mark.parametrize("raw", [-123_456_789, 123_456_789])
@pytest.mark.parametrize(
    ("profit", "pair", "contract"),
    [
        ("GBP", "GBPUSD", terms("EURGBP", leg=1, digits=5)),
        ("JPY", "USDJPY", terms("USDJPY", leg=0, divides=1, digits=3)),
    ],
)
def test_the_engine_converts_as_the_simulated_terminal(
    profit: str, pair: str, contract: np.void, raw: int
) -> None:
    profile = load_profile("netting")
    market, quote = Market(profile, WallClock(profile.zone)), np.zeros(1, MARKET_STATE)
    bid, ask = (131_000, 131_017) if profit == "GBP" else (110_500, 110_513)
    quote["leg_bid"], quote["leg_ask"] = bid, ask
    market.take(Quote(1, pair, bid, ask))
    rate = market.rate(profit, "USD", gain=raw > 0)
    assert rate is not None
    scale = 10**5 if profit == "GBP" else 10**3
    found = value_in_account(raw, contract, leg_price(raw, contract, quote[0]), 1)
    assert found == round(Fraction(raw, scale) * rate * 100)


@exactly
@given(st.integers(-(10**7), 10**7).filter(bool), st.integers(50_000, 200_000),
       st.decimals("0", "100", places=2), st.integers(0, 500))  # fmt: skip
def test_commission_of_each_mode(quantity: int, price: int, rate: Decimal, minimum: int) -> None:
    notional = Fraction(abs(quantity) * price, 1_000)
    expected = {
        "bp": notional * Fraction(rate) / 10_000,
        "per_million": notional * Fraction(rate) / 10**6,
        "per_lot": Fraction(abs(quantity), 100_000) * Fraction(rate) * 100,
    }
    for mode, amount in expected.items():
        schedule = CommissionSchedule(mode=mode, rate=rate, minimum=minimum)
        row = terms("EURUSD", AccountSpec(id="a", commission=schedule))
        assert commission_for(quantity, price, row, 0) == max(round(amount), minimum)
    assert commission_for(quantity, price, terms("EURUSD"), 0) == 0


@exactly
@given(st.integers(0, 10**7), st.integers(50_000, 200_000), st.sampled_from([1, 30, 100, 500]))
def test_margin(units: int, price: int, leverage: int) -> None:
    row = terms("EURUSD", AccountSpec(id="a", leverage=leverage))
    expected = round(Fraction(units * price, 1_000 * leverage))
    assert margin_for(units * price, row, 0) == margin_for(-units * price, row, 0) == expected


@exactly
@given(st.integers(-(10**7), 10**7).filter(bool), st.integers(-90_000, 90_000), st.integers(0, 7),
       st.sampled_from([1, SWAP_PER_LOT, SWAP_ANNUAL]))  # fmt: skip
def test_swap(quantity: int, rate: int, nights: int, mode: int) -> None:
    price, row = 112_345, np.zeros(1, INSTRUMENT)
    spec = msgspec.structs.replace(
        instrument_for("EURUSD"), swap_mode=mode, swap_long=Decimal(rate).scaleb(-3),
        swap_short=Decimal(-rate).scaleb(-3),
    )  # fmt: skip
    row[0] = instrument_terms(
        Contract(spec, spec.digits), AccountSpec(id="a"), PROFILES["default"], 10**6
    )
    units, signed = abs(quantity), rate if quantity > 0 else -rate
    amount = Fraction(signed * nights, 1_000)
    expected = {
        1: amount * units / 1_000,
        SWAP_PER_LOT: amount * units / 1_000,
        SWAP_ANNUAL: amount * round(Fraction(units * price, 1_000)) / 36_000,
    }[mode]
    assert swap_for(quantity, price, nights, row[0], 0) == round(expected)


def test_overflow_is_told_not_wrapped() -> None:
    """A rupiah account holding gold: units x points x rate pass 64 bits long before 128."""
    gold, rupiah = instrument_for("XAUUSD"), AccountSpec(id="a", currency="IDR", currency_digits=0)
    leg = conversion_leg(gold, "IDR", ["XAUUSD", "USDIDR"])
    assert leg == (1, False, "USDIDR")
    row = instrument_terms(
        Contract(gold, gold.digits, 0, 1, False, 5), rupiah, PROFILES["default"], 10**6
    )
    units, price, bid = gold.lot_units * 50, 200_000, 1_600_000_000
    raw = units * price
    assert raw * int(row["value_num"]) * bid > 2**63
    dollars = Fraction(raw, 10 ** (gold.quantity_digits + gold.digits))
    assert value_in_account(raw, row, bid, 1) == round(dollars * Fraction(bid, 10**5))
    assert value_in_account(LARGEST, row, LARGEST // int(row["value_num"]), 1) == OVERFLOW


def test_terms_refuse_what_could_pass_the_bounds() -> None:
    for price_max in (10**14, 2**50):
        with pytest.raises(UsageError, match="volume_max"):
            terms("XAUUSD", price_max=price_max)


def test_terms_refuse_ratios_outside_the_exact_range() -> None:
    spec = msgspec.structs.replace(instrument_for("EURUSD"), margin_rate=Decimal("1E-30"))
    with pytest.raises(UsageError, match="exact range"):
        instrument_terms(Contract(spec, 5), AccountSpec(id="a"), PROFILES["default"], 10**6)


@pytest.mark.parametrize("symbol", ["EURGBP", "USDJPY", "GBPCHF"])
def test_a_missing_leg_is_refused_by_name(symbol: str) -> None:
    spec: Instrument = instrument_for(symbol)
    with pytest.raises(UsageError, match=f"add data of {spec.quote}IDR or IDR{spec.quote}"):
        conversion_leg(spec, "IDR", [symbol, "EURUSD"])


def test_unbounded_profiles_still_bound_the_volume() -> None:
    free = RiskProfile("free", volume_rules=False)
    row = instrument_terms(Contract(instrument_for("XAUUSD"), 2), AccountSpec(id="a"), free, 10**8)
    assert 0 < int(row["volume_max"]) * 2 * 10**8 < 2**62


def test_limits_are_shares_of_the_opening_cash() -> None:
    row = limit_terms(PROFILES["default"], AccountSpec(id="a", cash=1_000_000), 100_000, 10)
    expected = {
        "position_max": 1_000_000, "exposure_max": 30_000_000, "daily_loss_max": 50_000,
        "drawdown_max_bp": 2_000, "spread_max": 100, "session_only": 1,
        "margin_use_max_bp": 5_000, "stop_out_level_bp": 5_000,
    }  # fmt: skip
    assert {name: int(row[name]) for name in expected} == expected
