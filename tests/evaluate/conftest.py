"""Where the market data is; these tests fail clearly where it is absent."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of market data: $ASSAY_SHARED, else `shared` beside the checkout."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    place = Path(os.environ.get("ASSAY_SHARED") or beside)
    if not (place / "data" / "bars").is_dir():
        pytest.fail(f"{place}/data/bars is absent; name the market data's place in ASSAY_SHARED")
    return place
