"""Every broker keeps the same promises: by key, once, and durably."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from importlib import import_module
from pathlib import Path

import pytest

from assay.apps.bridge.desk import BridgeBroker, CommandDesk
from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.paper.venue.edges import find_grant
from assay.model.errors import InvariantError
from assay.model.messages import OrderSubmitted
from assay.model.values import INT64_MAX
from assay.runtime.home import open_home
from assay.trading import brokers
from assay.trading.brokers.paper import PaperBroker
from assay.trading.brokers.ports import Broker

Open = Callable[[Path], AbstractContextManager[Broker]]


def open_bridge(folder: Path) -> AbstractContextManager[Broker]:
    home = open_home(folder)
    if EdgeTokens(home).find("desk") is None:
        EdgeTokens(home).issue("desk", tenant="local", account="main")
    desk = CommandDesk(home, find_grant(home, "desk"))
    return closing(BridgeBroker(desk, lambda: 5, {"EURUSD": 5, "XAUUSD": 2}))


OPENED: dict[str, Open] = {
    "bridge": open_bridge,
    "paper": lambda folder: closing(PaperBroker(folder / "book.jsonl")),
}
"""How each broker is opened, so that what is opened again in a folder knows what came before."""
BESIDE_A_TERMINAL = {"mt5"}
"""Brokers that an edge drives by commands, with suites of their own."""
BY_COMMANDS = {"bridge"}
"""Brokers of no folder: they hand commands to an edge."""
EACH = pytest.mark.parametrize("opened", OPENED.values(), ids=OPENED)


def folders() -> list[str]:
    return sorted(path.parent.name for path in Path(brokers.__path__[0]).glob("*/__init__.py"))


def order(key: int, symbol: str = "EURUSD", quantity: int = -1_000) -> OrderSubmitted:
    return OrderSubmitted(
        id=7, cause=6, tenant="local", ts_event=5, ts_init=5, key=key, account="paper",
        strategy="sma-cross", symbol=symbol, ts_bar=5, ordinal=0, order_type="market",
        quantity=quantity, price=0, stop=0, target=0,
    )  # fmt: skip


def test_every_folder_is_a_broker_of_its_name() -> None:
    named = set(OPENED) - BY_COMMANDS
    assert folders() == sorted(named | BESIDE_A_TERMINAL)
    for name in named:
        module = import_module(f"assay.trading.brokers.{name}")
        assert name == module.NAME


@EACH
def test_what_was_sent_is_known_by_its_key_alone(opened: Open, tmp_path: Path) -> None:
    keys = [1, 2, INT64_MAX, INT64_MAX - 1]
    with opened(tmp_path) as broker:
        assert not any(broker.knows(key) for key in keys)
        for number, key in enumerate(keys):
            broker.send(order(key, symbol="XAUUSD" if number % 2 else "EURUSD"))
            assert [broker.knows(each) for each in keys] == [n <= number for n in range(len(keys))]


@EACH
def test_a_key_is_received_once(opened: Open, tmp_path: Path) -> None:
    with opened(tmp_path) as broker:
        broker.send(order(11))
        for again in (order(11), order(11, quantity=5)):
            with pytest.raises(InvariantError, match="order key 11 was sent twice"):
                broker.send(again)
        broker.send(order(12))
        assert broker.knows(11)


@EACH
def test_what_was_received_outlives_the_program(opened: Open, tmp_path: Path) -> None:
    for life in range(3):
        with opened(tmp_path) as broker:
            assert [broker.knows(key) for key in range(4)] == [key < life for key in range(4)]
            for key in range(life):
                with pytest.raises(InvariantError):
                    broker.send(order(key))
            broker.send(order(life))


def test_a_line_torn_anywhere_was_never_received(tmp_path: Path) -> None:
    path = tmp_path / "book.jsonl"
    whole = PaperBroker(path)
    for key in (1, 2):
        whole.send(order(key))
    whole.close()
    content = path.read_bytes()
    first = content.index(b"\n") + 1
    for length in range(first, len(content)):
        path.write_bytes(content[:length])
        broker = PaperBroker(path)
        assert (broker.knows(1), broker.knows(2)) == (True, False), length
        broker.send(order(2))
        broker.close()
        assert path.read_bytes() == content
