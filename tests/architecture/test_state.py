"""No module keeps state: what is global leaks from one platform to the next."""

import ast
from pathlib import Path

import pytest

from tools.tidy import ROOT

SOURCE = ROOT / "src" / "assay"
DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS = frozenset({"list", "dict", "set", "defaultdict", "deque", "Counter", "OrderedDict"})
CHANGERS = frozenset(
    "append extend insert remove clear pop popitem update setdefault add discard sort reverse "
    "appendleft".split()
)


def _is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id in MAKERS
    return isinstance(value, DISPLAYS)


def _mutable_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_mutable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names - {"__all__"}


def _changed_name(node: ast.AST) -> str | None:
    """Return the name that a node changes in place: x.append(...), x[...] = ..., del x[...]."""
    place: ast.expr | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        place = node.func.value if node.func.attr in CHANGERS else None
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        place = node.value
    return place.id if isinstance(place, ast.Name) else None


def _bound_names(function: ast.AST) -> set[str]:
    """Return what a function names anew, so that it hides the module's name."""
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    } | {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}


def find_state(source: str) -> list[str]:
    """Return what a module keeps: lower-case containers, constants changed inside functions."""
    tree = ast.parse(source)
    names = _mutable_names(tree)
    found = [f"{name} is a container of the module" for name in names if name != name.upper()]
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            outer = names - _bound_names(function)
            changed = {_changed_name(node) for node in ast.walk(function)} & outer
            found += [f"{function.name} changes {name}" for name in sorted(map(str, changed))]
            if any(isinstance(node, ast.Global) for node in ast.walk(function)):
                found.append(f"{function.name} has a global statement")
    return found


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.stem)
def test_module_keeps_no_state(path: Path) -> None:
    assert find_state(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "cache = {}\n",
        "KNOWN = {}\ndef f(k):\n    KNOWN[k] = 1\n",
        "KNOWN = []\ndef f(k):\n    KNOWN.append(k)\n",
        "from collections import defaultdict\nseen = defaultdict(int)\n",
        "x = 1\ndef f():\n    global x\n    x = 2\n",
    ],
)
def test_planted_state_is_found(source: str) -> None:
    assert find_state(source) != []


def test_constants_and_local_containers_are_none() -> None:
    source = "NAMES = {'a': 1}\ndef f():\n    names = []\n    names.append(NAMES['a'])\n"
    assert find_state(source) == []
