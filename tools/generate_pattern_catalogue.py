"""Write src/assay/signals/recognition/catalogue.py from the folder of patterns, in order of names.

A kernel built from a tuple of functions is never cached by Numba, so the list is static imports.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATTERNS = ROOT / "src/assay/signals/patterns"
TARGET = ROOT / "src/assay/signals/recognition/catalogue.py"

HEAD = '''"""Every pattern, in order of names. Made by tools/generate_pattern_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.patterns import (
{imports}
)
from assay.signals.recognition.pattern import Pattern

PATTERNS: tuple[Pattern, ...] = (
{members}
)
{aliases}


@allocation_free
def find_one(code, bars, t, swings):  # type: ignore[no-untyped-def]
    """Return what the pattern at place `code` of PATTERNS finds at bar t."""
{cases}
    return 0
'''

CASE = """    if code == {code}:
        return find_{name}(bars, t, swings)"""


def render() -> str:
    """Return the text of the catalogue."""
    names = sorted(path.stem for path in PATTERNS.glob("[a-z]*.py"))
    return HEAD.format(
        imports="\n".join(f"    {name}," for name in names),
        members="\n".join(f"    {name}.PLUGIN," for name in names),
        aliases="\n".join(f"find_{name} = {name}.find" for name in names),
        cases="\n".join(CASE.format(code=code, name=name) for code, name in enumerate(names)),
    )


if __name__ == "__main__":
    TARGET.write_text(render())
    sys.stdout.write(f"wrote {TARGET.relative_to(ROOT)}\n")
