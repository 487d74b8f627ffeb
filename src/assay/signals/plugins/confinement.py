"""What the source of a tenant's indicator may say: arithmetic on what a step is given, no more.

The text is held to lists of what is allowed before anything of it runs, each time that it is
loaded. It has no way to a file, a process, the network, the clock or another module's insides:
no attributes but those of `math` and of NumPy's plain functions, no loops but over ranges, and no
function that calls itself.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable

from assay.model.errors import UsageError

DECORATOR = "allocation_free"
BUILTINS = frozenset("abs bool float int len max min range round str".split())
NUMPY = frozenset(
    "abs arctan arctan2 ceil cos cosh e exp expm1 fabs float64 floor hypot inf int64 isfinite "
    "isinf isnan log log10 log1p log2 maximum minimum nan pi power rint sign sin sinh sqrt tan "
    "tanh trunc".split()
)
MATH = frozenset(name for name in dir(math) if not name.startswith("_"))
STREAMS = "assay.signals.streams."
MODULES: dict[str, frozenset[str]] = {
    "__future__": frozenset({"annotations"}),
    "math": MATH,
    "numpy": NUMPY,
    "assay.kernel.compiling": frozenset({DECORATOR}),
    STREAMS + "columns": frozenset("OPEN HIGH LOW CLOSE SPREAD VOLUME WALL".split()),
    STREAMS + "indicator": frozenset(
        "Indicator Parameter Values bars_to_forget forget_ema forget_wilder".split()
    ),
    STREAMS + "smoothing": frozenset(
        "RING roll_mean roll_sum smooth_ema smooth_wilder true_range".split()
    ),
    STREAMS + "windows": frozenset(
        "WINDOW highest_kept keep_value lowest_kept spread_kept weigh_kept".split()
    ),
    STREAMS + "money_flow": frozenset({"money_flow_volume"}),
    STREAMS + "trading_day": frozenset(
        "DAY_SECONDS FROM_CLOSE_TO_MIDNIGHT most_bars_of_a_day trading_day".split()
    ),
}
"""What may be imported, and from where."""

WHOLE = {"math": MATH, "numpy": NUMPY}
"""Modules that may be imported whole, and which of their attributes may be used."""

NODES = (
    ast.Module, ast.Expr, ast.Constant, ast.Import, ast.ImportFrom, ast.alias, ast.Assign,
    ast.AugAssign, ast.AnnAssign, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.If,
    ast.For, ast.Break, ast.Continue, ast.Pass, ast.Name, ast.Attribute, ast.Call, ast.keyword,
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Subscript, ast.Slice, ast.Tuple,
    ast.Lambda, ast.JoinedStr, ast.FormattedValue, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
    ast.expr_context,
)  # fmt: skip
TOP = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef)
SOURCE_MOST = 64_000


def require_confined(source: str, name: str) -> None:
    """Raise UsageError, naming line and remedy, for a source that says more than it may."""
    if len(source) > SOURCE_MOST:
        raise UsageError(
            f"indicator {name} has {len(source):,} characters; write at most {SOURCE_MOST:,}"
        )
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise UsageError(f"indicator {name} line {line}: {error}; correct the Python") from None
    _Reader(name).read(tree)


class _Reader:
    """Walk a source from top to bottom; what a function calls must stand above it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._known = set(BUILTINS)
        self._whole: dict[str, frozenset[str]] = {}

    def read(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if not isinstance(node, NODES):
                raise self._refuse(node, f"{_word(node)} is not allowed; {REMEDY}")
        for statement in tree.body:
            if not isinstance(statement, TOP):
                raise self._refuse(
                    statement, f"{_word(statement)} is not allowed outside a function; {REMEDY}"
                )
            self._read_statement(statement)

    def _read_statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            for each in node.names:
                self._import_whole(node, each)
        elif isinstance(node, ast.ImportFrom):
            self._import_names(node)
        elif isinstance(node, ast.FunctionDef):
            self._read_function(node)
        else:
            self._read_expressions(node, set())
            self._known |= self._bound(node)

    def _import_whole(self, node: ast.stmt, each: ast.alias) -> None:
        if each.name not in WHOLE:
            raise self._refuse(
                node, f"import of {each.name} is not allowed; only {', '.join(WHOLE)} may be "
                "imported whole"
            )  # fmt: skip
        self._whole[self._check_name(node, each.asname or each.name)] = WHOLE[each.name]

    def _import_names(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        allowed = MODULES.get(module) if node.level == 0 else None
        if allowed is None:
            raise self._refuse(
                node, f"import from {'.' * node.level}{module} is not allowed; there are "
                f"{', '.join(MODULES)}"
            )  # fmt: skip
        for each in node.names:
            if each.name not in allowed:
                raise self._refuse(
                    node, f"import of {module}.{each.name} is not allowed; of that module there "
                    f"are {', '.join(sorted(allowed))}"
                )  # fmt: skip
            self._known.add(self._check_name(node, each.asname or each.name))

    def _read_function(self, node: ast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            if not (isinstance(decorator, ast.Name) and decorator.id == DECORATOR):
                raise self._refuse(decorator, f"the decorator {DECORATOR} alone may stand here")
        if node.returns is not None:
            self._read_expressions(node.returns, set())
        self._read_body(node, node.args, node.body)
        self._known.add(self._check_name(node, node.name))

    def _read_body(
        self, node: ast.AST, arguments: ast.arguments, body: Iterable[ast.AST]
    ) -> None:  # fmt: skip
        if arguments.vararg or arguments.kwarg:
            raise self._refuse(node, "a function takes named arguments alone; name each")
        given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        if arguments.defaults or any(arguments.kw_defaults):
            raise self._refuse(node, "a function has no defaults; give every argument")
        for each in given:
            if each.annotation is not None:
                self._read_expressions(each.annotation, set())
        local = {self._check_name(node, each.arg) for each in given}
        body = list(body)
        local |= {name for each in body for name in self._bound(each)}
        for each in body:
            self._read_expressions(each, local)

    def _bound(self, node: ast.AST) -> set[str]:
        stored = (
            each for each in ast.walk(node)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        )  # fmt: skip
        return {self._check_name(each, each.id) for each in stored}

    def _read_expressions(self, node: ast.AST, local: set[str]) -> None:
        if isinstance(node, ast.FunctionDef):
            raise self._refuse(node, "a function inside a function is not allowed; put it above")
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            raise self._refuse(node, "an import inside a function is not allowed; put it on top")
        if isinstance(node, ast.Lambda):
            inner = _Reader(self._name)
            inner._known, inner._whole = self._known | local, self._whole
            inner._read_body(node, node.args, [node.body])
            return
        if isinstance(node, ast.For):
            self._require_range(node)
        if isinstance(node, ast.Attribute):
            self._require_attribute(node)
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._require_known(node, local)
        if isinstance(node, ast.keyword) and node.arg is None:
            raise self._refuse(node.value, "** is not allowed; name every argument")
        for child in ast.iter_child_nodes(node):
            self._read_expressions(child, local)

    def _require_range(self, node: ast.For) -> None:
        call = node.iter
        ranged = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if not (ranged and call.func.id == "range") or node.orelse:  # type: ignore[attr-defined]
            raise self._refuse(node, "a loop runs over range(...) alone, so that it ends")

    def _require_attribute(self, node: ast.Attribute) -> None:
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        allowed = self._whole.get(owner)
        if allowed is None or not isinstance(node.ctx, ast.Load):
            raise self._refuse(
                node, f"attribute {node.attr} is not allowed; only math and NumPy's plain "
                "functions have any"
            )  # fmt: skip
        if node.attr not in allowed:
            raise self._refuse(
                node, f"{owner}.{node.attr} is not allowed; there are {', '.join(sorted(allowed))}"
            )

    def _require_known(self, node: ast.Name, local: set[str]) -> None:
        if node.id not in local and node.id not in self._known:
            raise self._refuse(
                node, f"name {node.id} is not allowed here; a function may use what stands above "
                f"it, what it was given, and {', '.join(sorted(BUILTINS))}"
            )  # fmt: skip

    def _check_name(self, node: ast.AST, name: str) -> str:
        if name.startswith(("__", "_assay")) or name in BUILTINS:
            raise self._refuse(node, f"name {name} is taken; choose another")
        return name

    def _refuse(self, node: ast.AST, why: str) -> UsageError:
        return UsageError(f"indicator {self._name} line {getattr(node, 'lineno', 1)}: {why}")


REMEDY = (
    "an indicator is a docstring, imports, constants, functions of arithmetic, `if` and `for` over "
    "ranges, and PLUGIN"
)


def _word(node: ast.AST) -> str:
    return type(node).__name__.lower()
