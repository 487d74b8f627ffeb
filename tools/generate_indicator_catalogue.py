"""Write src/assay/signals/streams/catalogue.py from the folder of indicators, in order of names.

A kernel built from a tuple of functions is never cached by Numba, so the list is static imports.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INDICATORS = ROOT / "src/assay/signals/indicators"
TARGET = ROOT / "src/assay/signals/streams/catalogue.py"

HEAD = '''"""Every indicator, in order of names. Made by tools/generate_indicator_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.indicators import (
{imports}
)
from assay.signals.streams.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
{members}
)
{aliases}

{groups}

@allocation_free
def step_one(code, state, params, bar, out):  # type: ignore[no-untyped-def]
    """Step the indicator that stands at place `code` of INDICATORS."""
{cases}
'''

GROUP = """
@allocation_free
def _step_from_{begin}(code, state, params, bar, out):  # type: ignore[no-untyped-def]
{cases}
"""

CASE = """    {word} code == {code}:
        {name}_step(state, params, bar, out)"""

OF_GROUP = """    {word} code < {end}:
        _step_from_{begin}(code, state, params, bar, out)"""

GROUP_SIZE = 20


def render() -> str:
    """Return the text of the catalogue."""
    names = sorted(path.stem for path in INDICATORS.glob("[a-z]*.py"))
    begins = range(0, len(names), GROUP_SIZE)
    return HEAD.format(
        imports="\n".join(f"    {name}," for name in names),
        members="\n".join(f"    {name}.PLUGIN," for name in names),
        aliases="\n".join(f"{name}_step = {name}.step" for name in names),
        groups="\n".join(_group(begin, names[begin : begin + GROUP_SIZE]) for begin in begins),
        cases="\n".join(
            OF_GROUP.format(word=_word(begin), begin=begin, end=begin + GROUP_SIZE)
            for begin in begins
        ),
    )


def _group(begin: int, names: list[str]) -> str:
    cases = (
        CASE.format(word=_word(place), code=begin + place, name=name)
        for place, name in enumerate(names)
    )
    return GROUP.format(begin=begin, cases="\n".join(cases))


def _word(place: int) -> str:
    return "elif" if place else "if"


if __name__ == "__main__":
    TARGET.write_text(render())
    sys.stdout.write(f"wrote {TARGET.relative_to(ROOT)}\n")
