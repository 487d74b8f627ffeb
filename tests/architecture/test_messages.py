"""The wire schema is locked: old journals stay readable."""

import copy

import pytest

from tools.lock_messages import (
    Schema,
    compare_schemas,
    describe_messages,
    find_unlocked,
    read_lock,
)

REMEDY = "run `python -m tools.lock_messages`; it says what a breaking change needs"


def test_messages_are_those_of_the_lock() -> None:
    current = describe_messages()
    assert compare_schemas(read_lock(), current) == [], REMEDY
    assert find_unlocked(read_lock(), current) == [], REMEDY


@pytest.fixture
def changed() -> Schema:
    return copy.deepcopy(describe_messages())


def test_an_added_optional_field_passes(changed: Schema) -> None:
    changed["Tick"]["properties"]["venue"] = {"type": "string", "default": ""}
    assert compare_schemas(describe_messages(), changed) == []


def test_an_added_required_field_fails(changed: Schema) -> None:
    changed["Tick"]["properties"]["venue"] = {"type": "string"}
    changed["Tick"]["required"].append("venue")
    assert compare_schemas(describe_messages(), changed) != []


def test_a_removed_field_fails(changed: Schema) -> None:
    del changed["OrderFilled"]["properties"]["reason"]
    assert compare_schemas(describe_messages(), changed) != []


def test_another_type_fails(changed: Schema) -> None:
    changed["OrderFilled"]["properties"]["price"] = {"type": "number"}
    assert compare_schemas(describe_messages(), changed) != []


def test_another_default_fails(changed: Schema) -> None:
    changed["BarClosed"]["properties"]["has_ticks"]["default"] = True
    assert compare_schemas(describe_messages(), changed) != []


def test_a_longer_nested_array_fails(changed: Schema) -> None:
    changed["PostingLine"]["prefixItems"].append({"type": "integer"})
    assert compare_schemas(describe_messages(), changed) != []


def test_a_removed_message_fails(changed: Schema) -> None:
    del changed["Tick"]
    assert compare_schemas(describe_messages(), changed) == ["Tick is gone"]


def test_a_new_message_asks_for_the_lock(changed: Schema) -> None:
    changed["Fresh"] = {"type": "object"}
    assert find_unlocked(describe_messages(), changed) == ["Fresh"]
