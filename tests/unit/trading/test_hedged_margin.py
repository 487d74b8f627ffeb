"""Margin of a hedged book: the engine's number is the simulated terminal's, to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from assay.apps.config import AccountConfig, Config
from assay.apps.lab.feeds.brokerage import find_terms, under_broker
from assay.apps.lab.runs.setup import Setup, prepare
from assay.kernel.records import GO_TO, PLACE_MARKET
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for
from assay.model.time import SECOND, parse_time
from assay.trading.brokers.mt5 import api
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.step import place_intent
from assay.trading.terminal import SimulatedTerminal, load_profile
from tests.replay.markets import generate_market
from tests.unit.trading.terminal.broker import answered, buy, hedging, sell

START = parse_time("2019-03-05T09:00:00Z")
CONTRACTS = [None, Decimal(0), Decimal(50_000), Decimal(100_000), Decimal(200_000)]
SCRIPT = [
    (0.1, 110_000), (-0.2, 110_037), (0.03, 109_981), (-0.07, 110_213), (0.25, 110_400),
    (0.11, 110_007),
]  # fmt: skip


def set_up(margin_hedged: Decimal | None) -> Setup:
    contract = {} if margin_hedged is None else {"margin_hedged": str(margin_hedged)}
    config = Config(
        account=AccountConfig(margin_mode="hedging", leverage=100), instruments={"EURUSD": contract}
    )
    series = generate_market(("EURUSD",), 300, 2, gapped=False, quoted=True)
    return prepare(series, load_strategy("breakout"), given={}, risk="reference", config=config)


def terminal(margin_hedged: Decimal | None) -> SimulatedTerminal:
    told: dict[str, Any] = {"margin_hedged_use_leg": True}
    if margin_hedged is not None:
        told = {"margin_hedged": margin_hedged}
    return hedging(account={"deposit": Decimal(100_000)}, eurusd=told)


class Book:
    """Trade tickets in the engine at quotes that a test sets."""

    def __init__(self, setup: Setup) -> None:
        self.world, self.setup, self.ts = setup.world(), setup, START

    def quote(self, bid: int) -> None:
        market = self.world.markets[0]
        market["bid"], market["ask"], market["spread"] = bid, bid + 10, 10
        market["ts"] = self.ts

    def ask(self, units: int, action: int = PLACE_MARKET) -> int:
        """Ask for an order; return the code of its denial."""
        self.ts += SECOND
        intent = self.world.intent[0]
        intent["action"], intent["quantity"] = action, units
        self.world.counts[:4] = 0
        place_intent(self.world.handle, 0, 0, self.ts)
        return int(self.world.order_log[0]["denied"])

    def fill(self, bid: int) -> None:
        """Let what waits fill at a quote."""
        event = self.world.event[0]
        event["ts"], event["instrument"], event["kind"] = self.ts + SECOND, 0, 2
        event["open"] = event["high"] = event["low"] = event["close"] = bid
        for name in ("open", "high", "low", "close"):
            event[f"spread_{name}"] = 10
        self.setup.strategy.step(self.world.address)

    @property
    def margin(self) -> int:
        return int(self.world.accounts[0]["margin"])


@pytest.mark.parametrize("margin_hedged", CONTRACTS, ids=str)
def test_the_engines_margin_is_the_terminals(margin_hedged: Decimal | None) -> None:
    theirs, ours = terminal(margin_hedged), Book(set_up(margin_hedged))
    found, told = [], []
    for lots, bid in SCRIPT:
        theirs.quote("EURUSD", bid, bid + 10)
        ours.quote(bid)
        trade = buy if lots > 0 else sell
        assert trade(theirs, abs(lots)).retcode == api.TRADE_RETCODE_DONE
        assert ours.ask(round(lots * 100_000)) == 0
        ours.fill(bid)
        found.append(ours.margin)
        told.append(round(answered(theirs.account_info()).margin * 100))
    assert found == told
    assert len(set(found)) > 3


def test_what_is_not_hedged_binds_as_the_terminal_says_of_one_order() -> None:
    theirs, ours = terminal(Decimal(0)), Book(set_up(Decimal(0)))
    ours.quote(110_000)
    ours.ask(37_000)
    ours.fill(110_000)
    alone = theirs.order_calc_margin(api.ORDER_TYPE_BUY, "EURUSD", 0.37, 1.1001)
    assert alone is not None
    assert ours.margin == round(alone * 100)


def test_an_order_is_asked_for_the_margin_that_it_adds() -> None:
    for margin_hedged, passes in ((Decimal(0), True), (Decimal(100_000), True),
                                  (Decimal(200_000), False)):  # fmt: skip
        book = Book(set_up(margin_hedged))
        book.world.accounts[0]["balance"] = 25_000
        book.quote(110_000)
        book.ask(10_000)
        book.fill(110_000)
        # 110 of 250 dollars are bound; twice as much would be where hedged volume counts double.
        book.world.limits["margin_use_max_bp"] = 5_000
        assert (book.ask(-10_000) == 0) is passes, margin_hedged
    book = Book(set_up(Decimal(0)))
    book.world.accounts[0]["balance"] = 25_000
    book.world.limits["margin_use_max_bp"] = 5_000
    book.quote(110_000)
    book.ask(10_000)
    book.fill(110_000)
    assert book.ask(2_000) == 109
    # To go to the other side closes the ticket first.
    assert book.ask(-10_000, GO_TO) == 0


def test_a_brokers_profile_tells_the_margin_of_what_is_hedged() -> None:
    profile = load_profile("hedging")
    terms = find_terms(profile, "EURUSD")
    config = under_broker(Config(), profile, ["EURUSD"])
    told = config.instruments["EURUSD"].get("margin_hedged")
    assert told == (None if terms.margin_hedged_use_leg else str(terms.margin_hedged))


def test_a_negative_contract_is_refused() -> None:
    with pytest.raises(UsageError, match="margin_hedged -1 is below 0"):
        set_up(Decimal(-1))
    assert instrument_for("EURUSD").margin_hedged is None
    assert np.all(set_up(None).terms[0]["hedged_den"] == 0)
