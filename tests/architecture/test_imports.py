"""Rooms import one way, and the inner rooms know only what they may."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.tidy import ROOT, tracked_files

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
SOURCE = ROOT / "src" / "assay"
MODEL_MAY = {"assay", "msgspec", "numpy", *sys.stdlib_module_names} - {
    "asyncio", "io", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "socket",
    "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
KERNEL_MAY = {"assay", "numba", "numpy", "llvmlite", *sys.stdlib_module_names} - {
    "asyncio", "multiprocessing", "random", "secrets", "socket", "sqlite3", "ssl", "subprocess",
    "threading", "time", "urllib", "uuid",
}  # fmt: skip


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize(("room", "may"), [("model", MODEL_MAY), ("kernel", KERNEL_MAY)])
def test_inner_room_imports_only_what_it_may(room: str, may: set[str]) -> None:
    strangers = {
        f"{path.relative_to(SOURCE)}: {name}"
        for path in sorted((SOURCE / room).rglob("*.py"))
        for name in _imported(path) - may
    }
    assert strangers == set()


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--config", "pyproject.toml"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _copy_rooms(folder: Path) -> None:
    """Build the rooms with nothing in them, so that only the planted import can break them."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for room in ("", "model", "kernel", "runtime", "market", "trading", "books", "apps"):
        (folder / "src" / "assay" / room).mkdir(parents=True, exist_ok=True)
        (folder / "src" / "assay" / room / "__init__.py").touch()


def test_contract_is_kept() -> None:
    verdict = _lint(ROOT)
    assert verdict.returncode == 0, verdict.stdout


@pytest.mark.parametrize(
    ("place", "imported"),
    [
        ("trading/orders.py", "market"),
        ("market/feeds.py", "books"),
        ("runtime/bus.py", "trading"),
        ("kernel/costs.py", "runtime"),
        ("model/values.py", "kernel"),
        ("books/ledger.py", "apps"),
        ("ninth/__init__.py", "model"),
    ],
)
def test_a_planted_import_breaks_the_contract(tmp_path: Path, place: str, imported: str) -> None:
    _copy_rooms(tmp_path)
    assert _lint(tmp_path).returncode == 0
    planted = tmp_path / "src" / "assay" / place
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(f"import assay.{imported}\n", encoding="utf-8")
    verdict = _lint(tmp_path)
    assert verdict.returncode != 0
    assert re.search(r"BROKEN|exhaustive|undeclared|not listed", verdict.stdout), verdict.stdout


def test_no_file_imports_the_tests_or_tools() -> None:
    sources = [p for p in tracked_files() if p.suffix == ".py" and SOURCE in p.parents]
    assert [str(p) for p in sources if _imported(p) & {"tests", "tools", "benches"}] == []
