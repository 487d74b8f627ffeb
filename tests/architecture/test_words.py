"""What no file of the repository may say, and how public things are described."""

import ast
import re
from pathlib import Path

import pytest

from tools.tidy import ROOT, tracked_files

SOURCE = ROOT / "src" / "assay"
# In pieces, so that this file does not break its own rule.
BANNED = [
    "/" + "work/",
    "/tmp/" + "brief",
    "helper " + "agent",
    "sub" + "agent",
    "index" + "-url",
    "py" + "pi.org",
    "python" + "hosted",
    "registry" + r"\.npmjs",
    "co-" + "authored-by",
    r"\bTO" + "DO\b",
    r"\bFIX" + "ME\b",
    "raise NotImplemented" + "Error",
]
SHAPE = re.compile("|".join(BANNED), re.IGNORECASE)


def _texts() -> list[tuple[Path, str]]:
    texts = []
    for path in tracked_files():
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            texts.append((path, data.decode("utf-8", "replace")))
    return texts


def test_no_file_speaks_of_another_workplace() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path, text in _texts()
        for match in SHAPE.finditer(text)
    ]
    assert found == []


def test_the_ban_catches_its_words() -> None:
    assert SHAPE.search("see /" + "work/main") is not None
    assert SHAPE.search("a trading session at work") is None


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "adr").glob("0*.md")), ids=lambda p: p.stem
)
def test_decision_record_is_short_and_names_alternatives(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    for part in ("Status", "Context", "Decision", "Alternatives", "Consequences"):
        assert re.search(rf"^(## )?{part}", text, re.MULTILINE), part


def _public_definitions(path: Path) -> list[tuple[str, str | None]]:
    """Return name and docstring of the public classes and functions at the top of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (node.name, ast.get_docstring(node))
        for node in tree.body
        if isinstance(node, kinds) and not node.name.startswith("_")
    ]


NO_IMPERATIVE = re.compile(
    r"(?:A|An|The|This|That|These|It|Its|(?!Bring|Ping|String)\w+ing|\w+(?<![sus])s)\b"
)


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.stem)
def test_public_things_say_what_they_do_in_the_imperative(path: Path) -> None:
    wrong = []
    for name, text in _public_definitions(path):
        first = (text or "").strip().split("\n\n")[0]
        if not first or NO_IMPERATIVE.match(first) or first[-1] not in ".:;":
            wrong.append(f"{name}: {first!r}")
    assert wrong == []


def test_the_imperative_is_told_from_the_rest() -> None:
    assert NO_IMPERATIVE.match("Returns the bars.") is not None
    assert NO_IMPERATIVE.match("The bars.") is not None
    for first in (
        "Return the bars.",
        "Express it.",
        "Process them.",
        "Guess it.",
        "Pass it on.",
        "Bring it.",
    ):
        assert NO_IMPERATIVE.match(first) is None
