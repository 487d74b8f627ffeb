"""How long the long runs may take: the budget, shared equally by the tests that were collected."""

import os

import pytest

DEFAULT_SECONDS = 60.0


@pytest.fixture(scope="session")
def soak_seconds(request: pytest.FixtureRequest) -> float:
    """Return the seconds that one soak test may loop: $ASSAY_SOAK_BUDGET over their number."""
    budget = float(os.environ.get("ASSAY_SOAK_BUDGET") or DEFAULT_SECONDS)
    return budget / max(request.session.testscollected, 1)
