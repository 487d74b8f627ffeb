"""What runs beside a terminal imports little: the model, msgspec and the standard library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import assay
from assay.trading import execution
from assay.trading.brokers import mt5

SOURCE = Path(assay.__path__[0]).parent
OWN = ("assay.model", "assay.trading.brokers.mt5", "assay.trading.execution")
HEAVY = ("numba", "numpy", "polars", "psycopg", "chdb", "sklearn", "onnxruntime", "sqlalchemy")
FILES = [path for room in (mt5, execution) for path in Path(room.__path__[0]).glob("*.py")]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_file_imports_the_model_msgspec_and_the_standard_library(path: Path) -> None:
    for name in imported(path):
        room = name.partition(".")[0]
        allowed = room in ("msgspec", "__future__") or room in sys.stdlib_module_names
        assert allowed or name.startswith(OWN), name


def test_the_gateway_loads_where_nothing_heavy_can_be_imported() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n"
        f"for name in {HEAVY!r}: sys.modules[name] = None\n"
        "import assay.trading.brokers.mt5.gateway, assay.trading.brokers.mt5.broker\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
