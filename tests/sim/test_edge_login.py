"""A connector that is told by its environment which account its terminal is to be logged in to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.apps.edge.setup import name_bridge
from assay.apps.edge.terminals import WakingTerminal, open_terminal, read_login
from assay.model.errors import OperatorError, UsageError
from assay.runtime.clock import SystemClock
from tests.sim.terminals import served_terminal


def test_a_terminal_that_was_logged_out_is_logged_in_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served_terminal(tmp_path) as served:
        name = f"sim:{served.address}"
        account = served.terminal.server.profile.accounts[0]
        monkeypatch.setenv("MT5_LOGIN", str(account.login))
        monkeypatch.setenv("MT5_PASSWORD", "not the p4ssword")
        with pytest.raises(OperatorError, match="Authorization failed") as caught:
            open_terminal(name)
        assert "p4ssword" not in str(caught.value)

        monkeypatch.setenv("MT5_PASSWORD", account.password)
        monkeypatch.setenv("MT5_SERVER", served.terminal.server.profile.server)
        terminal = open_terminal(name)
        served.quote(3)
        waking = WakingTerminal(terminal, SystemClock())
        assert len(waking.copy_ticks_from("EURUSD", 0, 10, 1)) == 3
        served.terminal.switches.logged_in = False
        assert waking.copy_ticks_from("EURUSD", 0, 10, 1) is None
        assert terminal.account_info().login == account.login
        terminal.shutdown()


@pytest.mark.parametrize(
    "variables", [{"MT5_LOGIN": "me"}, {"MT5_PASSWORD": "x"}, {"MT5_SERVER": "Broker-Demo"}]
)
def test_half_a_login_is_refused(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MT5_LOGIN", "MT5_PASSWORD", "MT5_SERVER"):
        monkeypatch.delenv(name, raising=False)
    assert read_login() is None
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="MT5_LOGIN"):
        read_login()


def test_a_password_is_in_nothing_that_shows_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MT5_LOGIN", "77")
    monkeypatch.setenv("MT5_PASSWORD", "hidden")
    login: Any = read_login()
    assert login.words() == {"login": 77, "password": "hidden"}
    assert "hidden" not in repr(login)


@pytest.mark.parametrize(
    ("given", "variable", "address"),
    [
        ("wss://desk:8001", "https://other:1", "wss://desk:8001"),
        (None, "https://other:8001", "wss://other:8001"),
        (None, "http://127.0.0.1:8001", "ws://127.0.0.1:8001"),
    ],
)
def test_where_to_dial_is_told_or_in_the_environment(
    given: str | None, variable: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKEND_URL", variable)
    assert name_bridge(given) == address
    monkeypatch.delenv("BACKEND_URL")
    if given is None:
        with pytest.raises(UsageError, match="where to dial"):
            name_bridge(None)
