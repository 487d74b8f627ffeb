"""Measure sizes and names of the sources; the limits are those of CONTRIBUTING.md.

Usage: python -m tools.tidy   (prints what breaks a limit; exit status 1 if anything does)
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FUNCTION_LINES = 70
FILE_LINES = 500
TEST_FILE_LINES = 600
DEPTH = 4
PARAMETERS = 6
BANNED_WORDS = frozenset(
    "util utils helper helpers misc common manager managers base core processor impl info".split()
)
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Breach:
    """Hold one broken limit; `key` is what the list of exceptions names."""

    path: str
    name: str
    rule: str
    value: int
    limit: int

    @property
    def key(self) -> str:
        """Return path, name and rule without the measured value."""
        return f"{self.path}:{self.name}:{self.rule}"

    def __str__(self) -> str:
        return f"{self.key} is {self.value}, at most {self.limit}"


def tracked_files(root: Path = ROOT) -> list[Path]:
    """Return the files that git tracks or would add, those deleted left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (root / name for name in sorted(set(listing.split("\0"))) if name)
    return [path for path in paths if path.is_file()]


def _is_option(argument: ast.arg) -> bool:
    """Tell a Typer option (an annotation of Annotated[...] or a name ending in Option)."""
    text = ast.unparse(argument.annotation) if argument.annotation else ""
    return text.startswith("Annotated[") or text.endswith(("Option", "Argument"))


def _count_parameters(function: Function) -> int:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(1 for a in named if a.arg not in ("self", "cls") and not _is_option(a))


def _count_depth(node: ast.AST, depth: int = 0) -> int:
    """Return the deepest nesting of blocks; elif counts as its if, an inner function restarts."""
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.Lambda)):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        inner = depth + (isinstance(child, BLOCKS) and not is_elif)
        deepest = max(deepest, _count_depth(child, inner))
    return deepest


def _measure_function(function: Function) -> Iterator[tuple[str, int, int]]:
    assert function.end_lineno is not None
    yield "lines", function.end_lineno - function.lineno + 1, FUNCTION_LINES
    yield "depth", _count_depth(function), DEPTH
    yield "parameters", _count_parameters(function), PARAMETERS


def _banned(text: str) -> list[str]:
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower())
    return [word for word in words if word in BANNED_WORDS]


def measure_file(path: Path, root: Path = ROOT) -> Iterator[Breach]:
    """Yield every limit that one Python file breaks."""
    name = path.relative_to(root).as_posix()
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    is_test = name.startswith("tests/")
    limit = TEST_FILE_LINES if is_test else FILE_LINES
    if lines > limit:
        yield Breach(name, "file", "lines", lines, limit)
    for word in _banned(name.removesuffix(".py")):
        yield Breach(name, word, "word", 1, 0)
    for node in ast.walk(ast.parse(text, name)):
        if isinstance(node, ast.ClassDef):
            for word in _banned(node.name):
                yield Breach(name, f"{node.name}/{word}", "word", 1, 0)
        if isinstance(node, FUNCTIONS):
            for rule, value, most in _measure_function(node):
                if value > most and not (is_test and rule == "parameters"):
                    yield Breach(name, node.name, rule, value, most)


def find_breaches(root: Path = ROOT) -> list[Breach]:
    """Return every broken limit of the Python files under the root."""
    files = [path for path in tracked_files(root) if path.suffix == ".py"]
    return [breach for path in files for breach in measure_file(path, root)]


def read_exceptions(path: Path) -> dict[str, int]:
    """Return the tolerated value by key; the file has `key value` lines and # comments."""
    rows = (line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines())
    return {row[0]: int(row[1]) for row in rows if row}


def judge(breaches: list[Breach], tolerated: dict[str, int]) -> list[str]:
    """Return one line per breach that no exception covers and per exception not needed."""
    found = {breach.key: breach.value for breach in breaches}
    verdicts = [str(b) for b in breaches if b.value > tolerated.get(b.key, -1)]
    verdicts += [
        f"exception {key} {value} is no longer needed as written; remove or lower it"
        for key, value in tolerated.items()
        if found.get(key, 0) < value
    ]
    return verdicts


def main() -> int:
    """Print the verdicts and return the exit status."""
    tolerated = read_exceptions(ROOT / "tests/architecture/tidy_exceptions.txt")
    verdicts = judge(find_breaches(), tolerated)
    print("\n".join(verdicts) or "tidy")
    return 1 if verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
