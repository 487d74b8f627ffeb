"""Find a strategy by name and compile its loop, a generated file beside the compiled code."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from assay.kernel.compiling import cache_folder
from assay.model.errors import UsageError
from assay.trading.authoring import adopt, sees_tickets
from assay.trading.engine.loop import (
    CALL,
    CALL_ON_FORECAST,
    CONCLUDE,
    LOOP,
    TICKETS,
    WITH_STRATEGY,
    WITHOUT_STRATEGY,
)

BUILT_IN = Path(__file__).resolve().parents[1] / "strategies"


@dataclass(frozen=True, slots=True)
class Strategy:
    """Hold a strategy's module and its loop; a plain Python one decides outside the loop.

    `match` is the loop without decisions; `step` takes a world's address and runs its one event, in
    the loop that a desk uses. A strategy that trades on forecasts also has `conclude`,
    which decides on a bar that was matched, once its forecast is there.
    """

    name: str
    module: ModuleType
    run: Callable[..., int]
    is_compiled: bool
    match: Callable[..., int]
    step: Callable[..., int]
    conclude: Callable[..., None] | None = None
    takes_tickets: bool = False
    """Whether its `decide` is given the open tickets of a hedging account."""

    @property
    def parameters(self) -> dict[str, int]:
        """Return the parameters and their defaults."""
        return dict(self.module.PARAMETERS)

    def resolve(self, given: dict[str, str]) -> dict[str, int]:
        """Return the defaults with the given texts in their place; raise UsageError otherwise."""
        params = self.parameters
        for key, text in given.items():
            if key not in params:
                known = ", ".join(params)
                raise UsageError(f"{self.name} has no parameter {key!r}; it has {known}")
            params[key] = self._read(key, text, least=min(params[key], 1))
        return params

    def _read(self, key: str, text: str, *, least: int) -> int:
        names = getattr(self.module, "CHOICES", {}).get(key, ())
        if text in names:
            return int(names.index(text)) + 1
        try:
            value = int(text)
        except ValueError:
            wanted = f"one of {', '.join(names)}" if names else "a whole number"
            raise UsageError(f"{self.name}: {key}={text!r} is not {wanted}") from None
        if value < least:
            raise UsageError(f"{self.name}: {key}={text} is below {least}")
        if names and value > len(names):
            raise UsageError(f"{self.name}: {key}={text} is above {len(names)}")
        return value


def strategy_names(folder: Path | None = None) -> dict[str, Path]:
    """Return every strategy file by its name, the user's folder after the built-in ones."""
    found: dict[str, Path] = {}
    for place in (BUILT_IN, folder):
        if place is not None and place.is_dir():
            for path in sorted(place.glob("[a-z]*.py")):
                found[path.stem.replace("_", "-")] = path
    return found


def strategy_module(location: str) -> ModuleType:
    """Import a strategy file once per process and content."""
    path = Path(location)
    if path.parent == BUILT_IN:
        return importlib.import_module(f"assay.trading.strategies.{path.stem}")
    digest = sha256(path.read_bytes()).hexdigest()[:12]
    name = f"assay_strategy_{path.stem}_{digest}"
    return adopt(_import_file(name, path))


def _import_file(name: str, path: Path) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UsageError(f"{path}: {type(error).__name__}: {error}") from error
    return module


def load_strategy(name: str, folder: Path | None = None) -> Strategy:
    """Return a strategy by name; raise UsageError naming those that exist."""
    places = strategy_names(folder)
    if name not in places:
        raise UsageError(f"strategy {name!r} is unknown; there are {', '.join(places)}")
    module = strategy_module(str(places[name]))
    for needed in ("PARAMETERS", "memory_words", "decide"):
        if not hasattr(module, needed):
            raise UsageError(f"{places[name]}: a strategy needs {needed}; see `assay new strategy`")
    compiled_decide: Any = module.decide
    takes_tickets = sees_tickets(compiled_decide)
    bare = _load_loop("none", None)
    match = bare.run
    if not hasattr(compiled_decide, "py_func"):
        return Strategy(
            name=name, module=module, run=match, is_compiled=False, match=match, step=bare.step,
            takes_tickets=takes_tickets,
        )  # fmt: skip
    on_forecast = getattr(module, "USES_FORECAST", False)
    loop = _load_loop(name, places[name], on_forecast=on_forecast, with_tickets=takes_tickets)
    conclude = getattr(loop, "conclude", None)
    return Strategy(
        name=name, module=module, run=loop.run, is_compiled=True, match=match,
        step=bare.step if conclude else loop.step, conclude=conclude,
        takes_tickets=takes_tickets,
    )  # fmt: skip


def _write_loop(name: str, path: Path | None, *, on_forecast: bool, with_tickets: bool) -> str:
    tickets = TICKETS if with_tickets else ""
    decide = WITHOUT_STRATEGY if path is None else WITH_STRATEGY.format(location=str(path))
    if not on_forecast:
        return LOOP.format(name=name, decide=decide, call=CALL.format(tickets=tickets))
    inside, outside = (
        CALL_ON_FORECAST.format(indent=" " * deep, tickets=tickets) for deep in (20, 4)
    )
    return LOOP.format(name=name, decide=decide, call=inside) + CONCLUDE.format(call=outside)


def _load_loop(
    name: str, path: Path | None, *, on_forecast: bool = False, with_tickets: bool = False
) -> ModuleType:
    text = _write_loop(name, path, on_forecast=on_forecast, with_tickets=with_tickets)
    source = b"" if path is None else path.read_bytes()
    content = sha256(text.encode() + source).hexdigest()[:12]
    stem = name.replace("-", "_")
    target = cache_folder() / f"loop_{stem}_{content}.py"
    if not target.exists():
        unfinished = target.with_suffix(f".{id(text)}")
        unfinished.write_text(text)
        unfinished.replace(target)
    return _import_file(f"assay_loop_{stem}_{content}", target)
