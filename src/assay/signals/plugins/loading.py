"""Make an indicator of its source: its text is confined, its loop a file beside compiled code."""

from __future__ import annotations

import builtins
import re
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from assay.kernel.compiling import cache_folder
from assay.model.errors import UsageError
from assay.signals.plugins.confinement import BUILTINS, require_confined
from assay.signals.streams.catalogue import INDICATORS
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.own import Own

NAME = re.compile(r"[a-z][a-z0-9_]*")
LOOP = """

from assay.kernel.compiling import allocation_free as _assay_compiled


@_assay_compiled
def _assay_run(state, params, bars, out, begin, end):
    for t in range(len(bars)):
        for k in range(begin, end):
            out[t, k] = _assay_nan
        step(state, params, bars[t], out[t, begin:end])
"""
"""The loop over bars goes into the indicator's own file: Numba keeps what it compiled by file."""


def require_name(name: str) -> None:
    """Raise UsageError for what is no name of an indicator, or that of one of the program's."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"indicator {name!r} is named after its file, which is no name; use small letters, "
            "digits and underscores, beginning with a letter"
        )
    if any(each.name == name for each in INDICATORS):
        raise UsageError(
            f"indicator {name} is the program's own; name the file another, and PLUGIN with it"
        )


def digest_source(source: str) -> str:
    """Return SHA-256 of a source."""
    return sha256(source.encode()).hexdigest()


@cache
def load_own(name: str, source: str) -> Own:
    """Return the indicator of a source; raise UsageError for one that may not run, or is none."""
    require_name(name)
    require_confined(source, name)
    digest, text = digest_source(source), source + LOOP
    path = _keep(name, digest, text)
    module = ModuleType(f"assay_own_{name}_{digest[:16]}")
    space: dict[str, Any] = vars(module)
    space["__builtins__"] = {word: getattr(builtins, word) for word in (*BUILTINS, "__import__")}
    space["_assay_nan"] = float("nan")
    # What was compiled before finds its module by name.
    sys.modules[module.__name__] = module
    try:
        exec(compile(text, str(path), "exec"), space)  # noqa: S102 - the text was held to its lists
    except MemoryError:
        raise
    except Exception as error:
        del sys.modules[module.__name__]
        raise UsageError(f"indicator {name}: {type(error).__name__}: {error}; correct it") from None
    indicator = space.get("PLUGIN")
    _require_whole(name, indicator, space.get("step"))
    assert isinstance(indicator, Indicator)
    return Own(name, digest, source, indicator, space["_assay_run"])


def _keep(name: str, digest: str, text: str) -> Path:
    """Write the text that the compiler keeps its work by; what is run is the text in memory."""
    folder = cache_folder() / "own"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}_{digest[:16]}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        unfinished = path.with_suffix(f".{id(text)}")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    return path


def _require_whole(name: str, indicator: object, step: object) -> None:
    def refuse(why: str) -> UsageError:
        return UsageError(f"indicator {name}: {why}")

    if not isinstance(indicator, Indicator):
        raise refuse("there is no PLUGIN = Indicator(...) in it; add one as the built-in ones have")
    if indicator.name != name:
        raise refuse(f"PLUGIN is named {indicator.name!r}; name it after its file")
    if step is None or indicator.step is not step:
        raise refuse("PLUGIN's step is not the function `step` of the file; name it so")
    outputs = indicator.outputs
    if not isinstance(outputs, tuple) or not outputs or len(set(outputs)) < len(outputs):
        raise refuse(f'outputs {outputs!r} are no names, each another; write ("value",)')
    for word in (*outputs, *(each.name for each in _parameters_of(indicator))):
        if not isinstance(word, str) or not word.isidentifier():
            raise refuse(f"{word!r} is no name; use letters, digits and underscores")


def _parameters_of(indicator: Indicator) -> tuple[Parameter, ...]:
    told = indicator.parameters
    if not isinstance(told, tuple) or not all(isinstance(each, Parameter) for each in told):
        raise UsageError(
            f"indicator {indicator.name}: parameters are no tuple of Parameter(...); write one"
        )
    return told
