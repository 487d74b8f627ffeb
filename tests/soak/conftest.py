"""How long the long runs may take (all of them share a budget) and the seed they begin with."""

import os
from pathlib import Path

import pytest

DEFAULT_SECONDS = 60.0


@pytest.fixture(scope="session")
def soak_seconds(request: pytest.FixtureRequest) -> float:
    """Return the seconds that one soak test may loop: $ASSAY_SOAK_BUDGET over their number."""
    budget = float(os.environ.get("ASSAY_SOAK_BUDGET") or DEFAULT_SECONDS)
    return budget / max(request.session.testscollected, 1)


@pytest.fixture(scope="session")
def soak_seed() -> int:
    """Return the first seed of the long runs: $ASSAY_SOAK_SEED, else the one CI always uses."""
    return int(os.environ.get("ASSAY_SOAK_SEED") or 1)


@pytest.fixture(scope="session")
def soak_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that plots go to: $ASSAY_SOAK_OUT, else one of this run."""
    named = os.environ.get("ASSAY_SOAK_OUT")
    return Path(named) if named else tmp_path_factory.mktemp("plots")
