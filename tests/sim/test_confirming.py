"""What a connector writes down of a terminal's account and symbols, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from assay.apps.config import Config
from assay.apps.edge.confirming import confirm_account, describe_contracts
from assay.apps.paper.market.live import prepare_live
from assay.apps.paper.plan import Plan
from assay.model.errors import UsageError
from assay.model.time import parse_time
from assay.trading.brokers.mt5.state import MT5Settings
from assay.trading.terminal import SimulatedTerminal, load_profile
from assay.trading.terminal.profile import SymbolTerms

NOON = parse_time("2024-03-05T10:00:00Z")


def contract(name: str, path: str, currency: str = "USD", **more: Any) -> SymbolTerms:
    told = {"contract_size": 1, "calculation": "cfd", "digits": 2, "volume_min": "1",
            "volume_step": "1", **more}  # fmt: skip
    named = {"name": name, "path": path, "currency_base": currency, "currency_profit": currency}
    return msgspec.convert({**named, **told}, SymbolTerms, strict=False)


OFFERED = (
    contract("AAPL.US", "Shares\\US\\AAPL.US"),
    contract("MSFT.US", "Shares\\US\\MSFT.US"),
    contract("MSFT.24h", "Shares\\24h\\MSFT.24h"),
    contract("US500", "Indices\\US500", volume_min="0.1", volume_step="0.1"),
    contract("DE40", "Indices\\DE40", "EUR", volume_min="0.1", volume_step="0.1"),
    contract("GOLD.US", "Shares\\US\\GOLD.US"),
)


@pytest.fixture(scope="module")
def terminal() -> SimulatedTerminal:
    profile = load_profile("netting")
    profile = msgspec.structs.replace(profile, symbols=(*profile.symbols, *OFFERED))
    opened = SimulatedTerminal(profile, start=NOON)
    opened.quote("EURUSD", 110_000, 110_010)
    for each in OFFERED:
        opened.quote(each.name, 20_000, 20_010)
    assert opened.initialize()
    return opened


def confirm(terminal: SimulatedTerminal, symbols: str) -> MT5Settings:
    return confirm_account(terminal, "main", symbols, begin=NOON)


def test_shares_and_indices_are_confirmed_with_what_the_terminal_shows(
    terminal: SimulatedTerminal, tmp_path: Path
) -> None:
    settings = confirm(terminal, "EURUSD, AAPL, SPXUSD, GER40=DE40, MSFT=MSFT.US")
    names = {each.symbol: each.name for each in settings.links}
    assert names == {
        "EURUSD": "EURUSD", "AAPL": "AAPL.US", "SPXUSD": "US500", "GER40": "DE40",
        "MSFT": "MSFT.US",
    }  # fmt: skip
    shown = settings.contracts["GER40"]
    assert (shown.currency_profit, shown.trade_contract_size) == ("EUR", 1.0)
    told = describe_contracts(terminal, settings.links)
    assert list(told) == ["AAPL", "GER40", "MSFT"], "the others are described"
    assert told["GER40"] == {
        "base": "GER40", "quote": "EUR", "digits": 2, "contract_size": 1.0, "quantity_digits": 2,
        "volume_min": 10, "volume_max": 10_000, "volume_step": 10,
    }  # fmt: skip
    # Those very lines are what the platform trades them by.
    config = msgspec.convert({"instruments": told}, Config)
    plan = Plan(source="live", symbols=tuple(names), edge="desk", broker="edge")
    setup = prepare_live(plan, config, strategies=tmp_path)
    traded = {each.symbol: each for each in setup.instruments}
    assert (traded["AAPL"].quote, traded["AAPL"].lot_units, traded["AAPL"].volume_min) == (
        "USD", 100, 100
    )  # fmt: skip


@pytest.mark.parametrize(
    ("symbols", "reason"),
    [
        ("MSFT", r"MSFT may be any of MSFT\.US \(.*\), MSFT\.24h \(.*\); name one; write MSFT="),
        ("TSLA", r"TSLA is not among the broker's symbols \(none like it\)"),
        ("SPXUSD=DE40", "DE40 is not SPXUSD: it pays in EUR, not USD"),
        ("EURUSD=AAPL.US", "AAPL.US is not EURUSD: it is a share or a fund"),
        ("XAUUSD.micro=GOLD.US", "GOLD.US is not XAUUSD.micro: it is a share or a fund"),
        ("EURSUD=EURUSD", "EURUSD is not EURSUD: it is a pair of currencies; call it EURUSD"),
        ("AAPL,APPLE=AAPL.US", "means AAPL.US 2 times"),
        ("AAPL=AAPL.US,AAPL=MSFT.US", "means AAPL 2 times"),
        ("BRK.B", "suffix 'B' is unknown"),
        ("AAPL=NONE", "has no symbol 'NONE'"),
    ],
)
def test_what_is_ambiguous_or_another_thing_is_refused(
    terminal: SimulatedTerminal, symbols: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        confirm(terminal, symbols)
