"""Within an application too, imports point one way: no two of its folders need each other."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tools.tidy import ROOT

APPS = ROOT / "src" / "assay" / "apps"
ROOMS = sorted(path.name for path in APPS.iterdir() if any(path.glob("*/__init__.py")))


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield what code imports by its whole name; what its types alone need loads nothing."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        yield from _imported(node)


def needs_of(room: Path) -> dict[str, set[str]]:
    """Return, by folder or file at the top of a room, the others there that it imports."""
    needs: dict[str, set[str]] = {}
    for path in sorted(room.rglob("*.py")):
        own = path.relative_to(room).with_suffix("").parts[0]
        for name in _imported(ast.parse(path.read_text(encoding="utf-8"))):
            _, inside, rest = name.partition(f"assay.apps.{room.name}.")
            if inside and (other := rest.split(".")[0]) != own:
                needs.setdefault(own, set()).add(other)
    return needs


def test_the_applications_with_folders_are_found() -> None:
    assert {"lab", "paper", "gateway"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_folders_of_an_application_import_one_way(room: str) -> None:
    TopologicalSorter(needs_of(APPS / room)).prepare()


def test_a_planted_import_makes_a_circle(tmp_path: Path) -> None:
    room = tmp_path / "lab"
    for folder, line in (
        ("runs", "from assay.apps.lab.feeds.events import Flow"),
        ("feeds", "from assay.apps.lab import runs"),
    ):
        (room / folder).mkdir(parents=True)
        (room / folder / "part.py").write_text(f"def f():\n    {line}\n", encoding="utf-8")
    with pytest.raises(CycleError):
        TopologicalSorter(needs_of(room)).prepare()
