"""Read names, numbers and orders out of a published wheel of MetaTrader 5's package.

Usage: python -m tools.mt5_facts WHEEL.whl          (compares with the facts committed; 1 if unlike)
       python -m tools.mt5_facts WHEEL.whl --write  (writes them)

The wheel is for Windows and is read, never run: numbers stand in `__init__.py`, functions and
structures in the data of the compiled part, as tables of pointers to their names.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

FACTS = Path(__file__).resolve().parents[1] / "src/assay/trading/brokers/mt5/facts.json"
TAKES = {1: "positions", 3: "positions and names", 4: "nothing"}
"""METH_VARARGS, with METH_KEYWORDS, and METH_NOARGS of CPython."""
UNNAMED_IN_DOC = {"initialize": ["timeout", "portable"], "login": ["timeout"]}
"""Arguments that the text of a function leaves out; their names stand beside the others'."""
FIRSTS = {
    ("type", 4): "BookInfo", ("login", 28): "AccountInfo", ("ticket", 24): "TradeOrder",
    ("time", 8): "Tick", ("custom", 96): "SymbolInfo", ("ticket", 19): "TradePosition",
    ("ticket", 18): "TradeDeal", ("retcode", 11): "OrderSendResult",
    ("action", 17): "TradeRequest", ("retcode", 9): "OrderCheckResult",
    ("community_account", 22): "TerminalInfo",
}  # fmt: skip
"""A structure by its first field and its length."""


class Image:
    """Hold a Windows image as it lies in the file, addressed as it would lie in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        header = struct.unpack_from("<I", content, 0x3C)[0]
        count, size = struct.unpack_from("<H12xH", content, header + 6)
        self._start = struct.unpack_from("<Q", content, header + 48)[0]
        table = header + 24 + size
        self.sections = [
            struct.unpack_from("<8sIIII", content, table + 40 * number) for number in range(count)
        ]

    def text_at(self, address: int) -> str | None:
        """Return the text that an address points to, None where it points to none."""
        place = self.place_of(address)
        if place is None:
            return None
        end = self.content.index(b"\0", place)
        try:
            return self.content[place:end].decode("ascii")
        except UnicodeDecodeError:
            return None

    def place_of(self, address: int) -> int | None:
        """Return where in the file an address lies."""
        offset = address - self._start
        for _, _, start, length, place in self.sections:
            if start <= offset < start + length:
                return int(place + offset - start)
        return None

    def words(self, count: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield every place of the data with the 64-bit words that stand there."""
        for name, _, _, length, place in self.sections:
            if name.startswith(b".data"):
                for offset in range(place, place + length - 8 * count, 8):
                    yield offset, struct.unpack_from(f"<{count}Q", self.content, offset)


def read_functions(image: Image) -> dict[str, Any]:
    """Return each function's text, how it takes arguments, and their names."""
    found: dict[str, Any] = {}
    for _, (name, code, flags, doc) in image.words(4):
        called, text = image.text_at(name), image.text_at(doc)
        is_method = flags & 0xFFFFFFFF in TAKES and image.place_of(code) is not None
        if not (is_method and called and text and text.startswith(f"{called}(")):
            continue
        sign = text.partition("\n")[0]
        inside = re.sub(r'="?[A-Z_]+"?', "", sign[len(called) + 1 : -1])
        found[called] = {
            "doc": sign, "takes": TAKES[flags & 0xFFFFFFFF],
            "arguments": re.findall(r"[a-z_]+", inside) + UNNAMED_IN_DOC.get(called, []),
        }  # fmt: skip
    return found


def read_structures(image: Image) -> dict[str, list[str]]:
    """Return the fields of each structure in order: runs of pairs of a name and its text."""
    found: dict[str, list[str]] = {}
    run: list[str] = []
    ended = -1
    for place, (name, doc) in image.words(2):
        if place < ended:
            continue
        run = []
        ended = place
        while name and (text := image.text_at(name)) and text.isidentifier():
            if doc and image.text_at(doc) is None:
                break
            run.append(text)
            ended += 16
            name, doc = struct.unpack_from("<QQ", image.content, ended)
        if run and (run[0], len(run)) in FIRSTS:
            found[FIRSTS[run[0], len(run)]] = run
        ended = ended if len(run) > 3 else place
    return found


def read_numbers(source: str) -> dict[str, Any]:
    """Return what the package's `__init__.py` assigns before it imports its compiled part."""
    found: dict[str, Any] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _value_of(node.value)
    return found


def _value_of(node: ast.expr) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.UnaryOp(op=ast.USub()):
            return -_value_of(node.operand)
        case ast.BinOp(op=ast.BitOr()):
            return _value_of(node.left) | _value_of(node.right)
    raise SystemExit(f"a number is written as {ast.unparse(node)}, which is new")


def read_python_functions(source: str) -> dict[str, list[str]]:
    """Return the arguments of the functions that are written in Python."""
    return {
        node.name: [one.arg for one in (*node.args.args, *node.args.kwonlyargs)]
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def read_wheel(path: Path) -> dict[str, Any]:
    """Return all facts of a wheel."""
    with ZipFile(path) as wheel:
        source = wheel.read("MetaTrader5/__init__.py").decode()
        (compiled,) = [name for name in wheel.namelist() if name.endswith(".pyd")]
        image = Image(wheel.read(compiled))
    numbers = read_numbers(source)
    return {
        "package": "MetaTrader5",
        "version": numbers.pop("__version__"),
        "author": numbers.pop("__author__"),
        "wheel": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "constants": numbers,
        "structures": read_structures(image),
        "functions": read_functions(image),
        "python_functions": read_python_functions(source),
    }


def main(arguments: list[str]) -> int:
    """Compare a wheel with the facts, or write them."""
    facts = read_wheel(Path(arguments[0]))
    if "--write" in arguments:
        FACTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        return 0
    committed = json.loads(FACTS.read_bytes())
    unlike = [name for name in facts if facts[name] != committed.get(name)]
    print(f"unlike: {', '.join(unlike)}" if unlike else f"{facts['wheel']}: the same facts")
    return 1 if unlike else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
