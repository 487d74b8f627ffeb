"""Ruff is clean, and the bans bite where they should and spare their one home."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.tidy import ROOT

RUFF = Path(sys.executable).with_name("ruff")


def _ruff(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RUFF, *arguments], cwd=ROOT, input=text, capture_output=True, text=True, check=False
    )


def _check_as(place: str, source: str) -> str:
    verdict = _ruff(
        "check", "--select", "TID251,S608", "--output-format", "concise", "--stdin-filename", place,
        "-", text=source,
    )  # fmt: skip
    return verdict.stdout


def test_ruff_is_clean() -> None:
    verdict = _ruff("check", "--output-format", "concise", ".")
    assert verdict.returncode == 0, verdict.stdout


def test_format_is_ruffs() -> None:
    verdict = _ruff("format", "--check", ".")
    assert verdict.returncode == 0, verdict.stdout


AMBIENT = [
    "import time\nnow = time.time()\n",
    "from time import monotonic\nnow = monotonic()\n",
    "import time\ntime.sleep(1)\n",
    "from datetime import datetime\nnow = datetime.now()\n",
    "import datetime\nnow = datetime.date.today()\n",
    "import uuid\nname = uuid.uuid4()\n",
    "import random\nx = random.random()\n",
    "import numpy as np\nx = np.random.default_rng(1)\n",
    "import os\nx = os.environ['X']\n",
    "import os\nx = os.getenv('X')\n",
    "import secrets\nx = secrets.token_hex()\n",
]


@pytest.mark.parametrize("source", AMBIENT)
def test_ambient_reads_are_refused(source: str) -> None:
    assert "TID251" in _check_as("src/assay/trading/orders.py", source)


@pytest.mark.parametrize("home", ["clock", "ids", "environment"])
def test_their_home_may_read_them(home: str) -> None:
    assert "TID251" not in _check_as(f"src/assay/runtime/{home}.py", "".join(AMBIENT))


def test_the_word_time_of_the_model_is_not_banned() -> None:
    source = "from assay.model.time import MINUTE\n\nx = MINUTE\n"
    assert "TID251" not in _check_as("src/assay/trading/orders.py", source)


def test_sql_built_from_strings_is_refused() -> None:
    source = (
        "def read(name: str) -> str:\n    return \"SELECT * FROM t WHERE name = '%s'\" % name\n"
    )
    assert "S608" in _check_as("src/assay/books/store.py", source)
