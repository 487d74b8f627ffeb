"""The names, numbers and orders of the official package: facts of its wheel, held everywhere."""

from __future__ import annotations

import inspect
import json
import sys
from importlib import import_module
from importlib.resources import files
from typing import Any

import pytest

from assay.trading.brokers.mt5 import api, structures
from assay.trading.terminal import SimulatedTerminal, TerminalClient, load_profile
from assay.trading.terminal.asking import FIELDS, find_fault
from assay.trading.terminal.wire import Address

FACTS: dict[str, Any] = json.loads(
    files("assay.trading.brokers.mt5").joinpath("facts.json").read_bytes()
)
FUNCTIONS: dict[str, Any] = FACTS["functions"]


def made() -> list[Any]:
    address = Address("127.0.0.1", 1, "")
    return [SimulatedTerminal(load_profile("netting")), TerminalClient(address)]


def test_the_facts_are_those_of_one_published_wheel() -> None:
    assert (FACTS["version"], FACTS["wheel"][:19]) == (api.VERSION, "metatrader5-5.0.623")
    assert FACTS["sha256"] == "b94b1f8f52087ae36dfac5f352a96f5d04fe308704d9515f82cf5d1470bc31d4"
    counts = [len(FACTS[kind]) for kind in ("constants", "structures", "functions")]
    assert counts == [223, 11, 32]


def test_every_number_is_the_wheels() -> None:
    assert FACTS["constants"] == api.CONSTANTS
    for name, value in FACTS["constants"].items():
        assert getattr(api, name) == value


def test_every_structure_has_the_wheels_order() -> None:
    ours = {made.__name__: list(made._fields) for made in structures.STRUCTURES}
    assert ours == FACTS["structures"]
    for shape in structures.STRUCTURES:
        blank = shape(*range(len(shape._fields)))
        assert isinstance(blank, tuple)
        assert list(blank._asdict()) == FACTS["structures"][shape.__name__]


@pytest.mark.parametrize("terminal", made(), ids=lambda one: type(one).__name__)
def test_a_terminal_has_every_name_of_the_package(terminal: Any) -> None:
    assert {name: getattr(terminal, name) for name in api.CONSTANTS} == api.CONSTANTS
    assert all(callable(getattr(terminal, name)) for name in FUNCTIONS)
    assert (terminal.__version__, terminal.__author__) == (FACTS["version"], FACTS["author"])
    for name, arguments in FACTS["python_functions"].items():
        assert list(inspect.signature(getattr(terminal, name)).parameters) == arguments
    with pytest.raises(AttributeError, match="SYMBOL_FILLING_FOK"):
        _ = terminal.SYMBOL_FILLING_FOK


@pytest.mark.parametrize("owner", [SimulatedTerminal, structures.TerminalApi])
def test_arguments_are_named_and_ordered_as_in_the_wheel(owner: type) -> None:
    for name, fact in FUNCTIONS.items():
        parameters = list(inspect.signature(getattr(owner, name)).parameters.values())[1:]
        kinds = {parameter.kind for parameter in parameters}
        if fact["takes"] == "positions":
            assert [parameter.name for parameter in parameters] == fact["arguments"], name
            assert kinds == {inspect.Parameter.POSITIONAL_ONLY}, name
        elif fact["takes"] == "nothing":
            assert not parameters, name
        else:
            wanted = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
            assert kinds == wanted, name


def test_a_wrong_kind_of_any_named_argument_is_told_by_its_name() -> None:
    terminal = SimulatedTerminal(load_profile("netting"))
    assert terminal.initialize()
    for name, fact in FUNCTIONS.items():
        if fact["takes"] != "positions and names" or name.startswith("order_"):
            continue
        for argument in fact["arguments"]:
            if argument.startswith("date_"):
                continue
            assert not getattr(terminal, name)(**{argument: 1.5}), (name, argument)
            wanted = (api.RES_E_INVALID_PARAMS, f'Invalid "{argument}" argument')
            assert terminal.last_error() == wanted
    assert FACTS["structures"]["TradeRequest"] == list(FIELDS)
    for argument in FIELDS:
        assert find_fault({argument: None}) == f'Invalid "{argument}" argument'


def test_the_object_stands_where_the_module_would(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = SimulatedTerminal(load_profile("netting"))
    monkeypatch.setitem(sys.modules, "MetaTrader5", terminal)
    mt5 = import_module("MetaTrader5")
    assert mt5.initialize(login=5000001, password="simulated", server="Simulated-Netting")
    assert mt5.account_info()._asdict()["margin_mode"] == mt5.ACCOUNT_MARGIN_MODE_RETAIL_NETTING
    assert mt5.terminal_info().connected
    assert mt5.last_error() == (1, "Success")
