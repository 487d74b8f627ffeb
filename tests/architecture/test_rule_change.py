"""A changed rule changes the engine of the next process, whatever Numba's file cache holds."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.tidy import ROOT

ASK = """
import sys
import numpy as np
from assay.kernel import records
from assay.kernel.compiling import cache_folder
from assay.trading.risk.catalogue import RULES, examine

names = ("ORDER", "ACCOUNT", "POSITION", "MARKET_STATE", "INSTRUMENT", "LIMITS")
rows = [np.zeros(1, getattr(records, name)) for name in names]
rows[1]["halted"] = 1
order, account, position, *terms = (row[0] for row in rows)
checks = np.zeros(len(RULES), records.CHECK)
print(examine(checks, order, account, position, tuple(terms)), cache_folder())
"""

ASK_INDICATOR = """
import numpy as np
from assay.kernel.compiling import cache_folder
from assay.signals.indicators.sma import step

out = np.zeros(1)
step(np.zeros(4), np.ones(1), np.full(7, 5.0), out)
print(int(out[0]), cache_folder())
"""


class EngineCopy:
    """Hold a copy of the compiled rooms that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "src" / "assay"
        for room in ("model", "kernel", "signals", "trading"):
            shutil.copytree(
                ROOT / "src" / "assay" / room,
                self.source / room,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        shutil.copy(ROOT / "src" / "assay" / "__init__.py", self.source)
        self.compiled: set[Path] = set()

    def ask(self, script: str = ASK) -> int:
        """Return the number that a fresh process prints, first of all that of a halted account."""
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": str(self.source.parent), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        code, folder = done.stdout.split(maxsplit=1)
        self.compiled.add(Path(folder.strip()))
        return int(code)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineCopy]:
    copy = EngineCopy(tmp_path)
    yield copy
    for folder in copy.compiled:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.running
@pytest.mark.long
def test_one_changed_line_of_a_rule_is_seen(engine: EngineCopy) -> None:
    before = engine.ask()
    assert engine.ask() == before
    rule = engine.source / "trading/risk/rules/halt.py"
    text = rule.read_text(encoding="utf-8")
    assert "account.halted == 0" in text
    rule.write_text(text.replace("account.halted == 0", "account.halted >= 0"), encoding="utf-8")
    after = engine.ask()
    assert after != before
    rule.write_text(text, encoding="utf-8")
    assert engine.ask() == before


@pytest.mark.running
def test_one_changed_line_below_an_indicator_is_seen(engine: EngineCopy) -> None:
    assert engine.ask(ASK_INDICATOR) == engine.ask(ASK_INDICATOR) == 5
    smoothing = engine.source / "signals/streams/smoothing.py"
    text = smoothing.read_text(encoding="utf-8")
    assert "total / period" in text
    smoothing.write_text(text.replace("total / period", "total + period"), encoding="utf-8")
    assert engine.ask(ASK_INDICATOR) == 6
