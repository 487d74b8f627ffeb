"""Write src/assay/trading/risk/catalogue.py from the folder of rules, in order of their codes.

A kernel built from a tuple of functions is never cached by Numba, so the list is static imports.
The tables of docs/risk.md are written from the catalogue and the limits in the same go.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "src/assay/trading/risk/rules"
TARGET = ROOT / "src/assay/trading/risk/catalogue.py"
DOCUMENT = ROOT / "docs/risk.md"

HEAD = '''"""Every risk rule, in order of its code. Made by tools/generate_risk_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.rules import (
{imports}
)
from assay.trading.risk.verdict import DENIED, note

RULES = (
{members}
)
REASONS: dict[int, str] = {{rule.CODE: rule.REASON for rule in RULES}}
CODES = tuple(rule.CODE for rule in RULES)
{aliases}


@compiled
def examine(checks, order, account, position, terms):  # type: ignore[no-untyped-def]
    """Ask every rule; return the code of the first that denies the order, 0 when all allow it.

    checks [rules] take each rule's answer, in the order of RULES; terms are the records of
    (market, instrument, limits).
    """
    market, instrument, limits = terms
{checks}
    for place in range(len(CODES)):
        if checks[place].verdict == DENIED:
            return CODES[place]
    return 0
'''

CHECK = (
    "    note(checks[{place}], {name}_check(order, account, position, market, instrument, limits))"
)


def rule_code(path: Path) -> int:
    """Return the CODE that a rule file declares; raise KeyError when it declares none."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CODE":
            return int(ast.literal_eval(node.value))
    raise KeyError(f"{path.name} declares no CODE")


def render() -> str:
    """Return the text of the catalogue."""
    rules = {path.stem: rule_code(path) for path in RULES.glob("[a-z]*.py")}
    ordered = sorted(rules, key=lambda name: rules[name])
    return HEAD.format(
        imports="\n".join(f"    {name}," for name in sorted(rules)),
        members="\n".join(f"    {name}," for name in ordered),
        aliases="\n".join(f"{name}_check = {name}.check" for name in ordered),
        checks="\n".join(
            CHECK.format(place=place, name=name) for place, name in enumerate(ordered)
        ),
    )


def list_rules() -> str:
    """Return the table of rules as docs/risk.md has it."""
    from assay.trading.risk.catalogue import RULES
    from assay.trading.risk.limits import LIMITS

    names = {limit.field: name for name, limit in LIMITS.items()}
    lines = ["| code | rule | what it does | limits | told in |", "|---|---|---|---|---|"]
    for rule in RULES:
        limits = ", ".join(f"`{names[field]}`" for field in rule.PARAMETERS) or "always"
        says = str(rule.__doc__).rstrip(".")
        lines.append(f"| {rule.CODE} | `{rule.REASON}` | {says} | {limits} | {rule.UNIT} |")
    return "\n".join(lines)


def list_limits() -> str:
    """Return the table of limits as docs/risk.md has it."""
    from assay.trading.engine.terms import PROFILES
    from assay.trading.risk.limits import LIMITS, UNITS

    usual, strict = (PROFILES[name].texts() for name in ("default", "strict"))
    lines = ["| limit | bounds | unit | `default` | `strict` |", "|---|---|---|---|---|"]
    lines += [
        f"| `{name}` | {limit.meaning} | {UNITS[limit.unit]} | {usual[name]} | {strict[name]} |"
        for name, limit in LIMITS.items()
    ]
    return "\n".join(lines)


def fill_tables(text: str) -> str:
    """Return a document with the tables between their marks made anew."""
    for name, table in (("rules", list_rules()), ("limits", list_limits())):
        begins, ends = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        start, stop = text.index(begins) + len(begins), text.index(ends)
        text = f"{text[:start]}{table}\n{text[stop:]}"
    return text


if __name__ == "__main__":
    TARGET.write_text(render())
    DOCUMENT.write_text(fill_tables(DOCUMENT.read_text()))
    for path in (TARGET, DOCUMENT):
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
