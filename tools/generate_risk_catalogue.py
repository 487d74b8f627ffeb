"""Write src/assay/trading/risk/catalogue.py from the folder of rules, in order of their codes.

A kernel built from a tuple of functions is never cached by Numba, so the list is static imports.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "src/assay/trading/risk/rules"
TARGET = ROOT / "src/assay/trading/risk/catalogue.py"

HEAD = '''"""Every risk rule, in order of its code. Made by tools/generate_risk_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.rules import (
{imports}
)

RULES = (
{members}
)
REASONS: dict[int, str] = {{rule.CODE: rule.REASON for rule in RULES}}
{aliases}


@compiled
def first_breach(  # type: ignore[no-untyped-def]
    order, account, position, market, instrument, limits
):
    """Return the code of the first rule that denies the order, 0 when all allow it."""
{checks}
    return 0
'''

CHECK = """    if not {name}_allows(order, account, position, market, instrument, limits):
        return {code}"""


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
        aliases="\n".join(f"{name}_allows = {name}.allows" for name in ordered),
        checks="\n".join(CHECK.format(name=name, code=rules[name]) for name in ordered),
    )


if __name__ == "__main__":
    TARGET.write_text(render())
    sys.stdout.write(f"wrote {TARGET.relative_to(ROOT)}\n")
