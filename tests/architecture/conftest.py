"""Tell the rules, which `make check` holds to, from what starts programs of its own."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as a rule what is not marked as running."""
    for item in items:
        if item.path.parent == Path(__file__).parent and not item.get_closest_marker("running"):
            item.add_marker(pytest.mark.rule)
