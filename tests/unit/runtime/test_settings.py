from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from assay.apps.config import Config, configured_instrument
from assay.model.errors import UsageError
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


def write(home: Home, text: str) -> None:
    home.config_file.write_text(text)


def origin_of(rows: list[dict[str, object]], key: str) -> tuple[object, object]:
    return next((row["value"], row["origin"]) for row in rows if row["key"] == key)


def test_each_origin_beats_the_one_below(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, '[account]\ncash = "1"\nleverage = 2\ncurrency = "EUR"\n')
    monkeypatch.setenv("ASSAY_ACCOUNT__CASH", "5")
    monkeypatch.setenv("ASSAY_ACCOUNT__LEVERAGE", "30")
    settings = load_settings(Config, home, {"account.cash": "7.5", "risk.profile": None})
    assert settings.value.account.cash == Decimal("7.5")
    rows = settings.rows()
    assert origin_of(rows, "account.cash") == ("7.5", "flag")
    assert origin_of(rows, "account.leverage") == (30, "environment")
    assert origin_of(rows, "account.currency") == ("EUR", "file")
    assert origin_of(rows, "log.level") == ("info", "default")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[account]\nleverag = 3", "did you mean 'account.leverage'"),
        ("[acount]\ncash = 3", "did you mean 'account.cash'|did you mean 'account'"),
        ("[account]\nleverage = 'many'", "account.leverage = 'many'"),
        ("account = 3", "account is a section"),
        ("[account.cash]\nx = 3", "account.cash.x"),
        ("[log]\nlevel = 'loud'", "debug, info, warning or error"),
        ("[instruments.EURUSD]\ndigit = 4", "instruments.EURUSD"),
        ("[account\n", "config.toml"),
    ],
)
def test_a_wrong_file_is_refused_by_name(home: Home, text: str, said: str) -> None:
    write(home, text)
    with pytest.raises(UsageError, match=said):
        load_settings(Config, home)


def test_a_wrong_variable_is_refused_by_name(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ACCOUNT__CASHH", "5")
    with pytest.raises(UsageError, match="ASSAY_ACCOUNT__CASHH"):
        load_settings(Config, home)


def test_secrets_are_masked(home: Home) -> None:
    write(home, "[postgres]\ndsn = 'postgresql://me:pa55@db/x'")
    settings = load_settings(Config, home)
    assert settings.value.postgres.dsn.startswith("postgresql://me:pa55")
    assert "pa55" not in str(settings.rows())


def test_instruments_are_overridden_field_by_field(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home, "[instruments.EURUSD]\nswap_long = '-6.1'\n[instruments.ZZZ]\nbase = 'ZZZ'\n"
          "quote = 'USD'\ndigits = 3\n")  # fmt: skip
    monkeypatch.setenv("ASSAY_INSTRUMENTS__EURUSD__SWAP_SHORT", "2.5")
    config = load_settings(Config, home).value
    euro = configured_instrument(config, "EURUSD")
    assert (euro.swap_long, euro.swap_short, euro.digits) == (Decimal("-6.1"), Decimal("2.5"), 5)
    assert configured_instrument(config, "ZZZ").digits == 3
    assert configured_instrument(config, "USDJPY").digits == 3
