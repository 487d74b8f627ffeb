"""A broker's profile from a file, refused where it says what nobody reads."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from assay.model.errors import UsageError
from assay.trading.terminal import load_profile, save_profile

SMALL = """
name = "mine"
server = "Mine-1"
[[accounts]]
login = 7
[[symbols]]
name = "EURUSD"
currency_base = "EUR"
currency_profit = "USD"
digits = 5
swap_long = -6.5
"""


@pytest.mark.parametrize("name", ["netting", "hedging"])
def test_a_profile_written_is_read_the_same(name: str, tmp_path: Path) -> None:
    profile = load_profile(name)
    assert profile.name == profile.accounts[0].margin_mode == name
    save_profile(profile, tmp_path / "measured.json")
    assert load_profile(tmp_path / "measured.json") == profile


def test_a_file_says_what_is_different(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    profile = load_profile(path)
    assert (profile.symbols[0].swap_long, profile.symbols[0].stops_level) == (Decimal("-6.5"), 0)
    assert profile.accounts[0].login == 7


@pytest.mark.parametrize(("line", "told"), [
    ("spread = 3", "unknown field `spread`"),
    ("digits = 'five'", "TOML|Cannot overwrite"),
    ("trade_mode = 'most'", "Invalid enum value"),
])  # fmt: skip
def test_what_makes_no_sense_is_told(line: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL + line)
    with pytest.raises(UsageError, match=told):
        load_profile(path)


def test_a_symbol_twice_no_account_and_no_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL + SMALL[SMALL.index("[[symbols]]") :])
    with pytest.raises(UsageError, match="names a symbol twice"):
        load_profile(path)
    path.write_text(SMALL.replace("[[accounts]]\nlogin = 7\n", "accounts = []\n"))
    with pytest.raises(UsageError, match="at least one account"):
        load_profile(path)
    with pytest.raises(UsageError, match="neither a file nor one of hedging, netting"):
        load_profile("elsewhere")
