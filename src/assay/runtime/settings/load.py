"""Read settings from every origin into one frozen struct and remember where each came from."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from assay.model.errors import AssayError, UsageError
from assay.runtime.environment import PREFIX, variables_with_prefix
from assay.runtime.home import Home
from assay.runtime.redaction import MASK, is_secret_name, redact_text

FLAG, ENVIRONMENT, FILE, DEFAULT = "flag", "environment", "file", "default"
SEPARATOR = "__"

Schema = TypeVar("Schema", bound=msgspec.Struct)
Values = dict[tuple[str, ...], Any]  # Any: a TOML value until msgspec has converted it


@dataclass(frozen=True)
class Settings(Generic[Schema]):
    """Hold the settings and the origin of every key that is not a default."""

    value: Schema
    origins: Mapping[str, str]

    def rows(self) -> list[dict[str, Any]]:
        """Return key, value and origin of every setting, secrets masked."""
        flat = _flatten(msgspec.to_builtins(self.value, str_keys=True), ())
        return [
            {"key": key, "value": _shown(key, each), "origin": self.origins.get(key, DEFAULT)}
            for key, each in ((".".join(path), each) for path, each in flat.items())
        ]


def load_settings(
    schema: type[Schema], home: Home, flags: Mapping[str, Any] | None = None
) -> Settings[Schema]:
    """Return the settings of a home; raise UsageError for an unknown key or a wrong value.

    Flags are named by dotted key (`account.cash`), and None means not given. The variable of
    that key is ASSAY_ACCOUNT__CASH. A mapping of structs (`instruments.EURUSD.digits`) takes any
    name in its place.
    """
    origins: dict[tuple[str, ...], str] = {}
    merged: Values = {}
    layers = (
        (FILE, _read_file(home)),
        (ENVIRONMENT, _read_environment(schema)),
        (FLAG, {tuple(k.split(".")): v for k, v in (flags or {}).items() if v is not None}),
    )
    for origin, values in layers:
        for path, each in values.items():
            _require_known(schema, path, origin, home)
            merged[path] = each
            origins[path] = origin
    value = _convert(schema, merged, origins, home)
    return Settings(value, {".".join(path): origin for path, origin in origins.items()})


def _shown(key: str, value: Any) -> Any:
    if value in ("", None):
        return value
    if is_secret_name(key.rsplit(".", 1)[-1]):
        return MASK
    return redact_text(value) if isinstance(value, str) else value


def _read_file(home: Home) -> Values:
    try:
        with home.config_file.open("rb") as file:
            return _flatten(tomllib.load(file), ())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{home.config_file}: {error}; mend that line") from None
    except OSError as error:
        raise UsageError(f"{home.config_file}: {error.strerror}; make it readable") from None


def _read_environment(schema: type[msgspec.Struct]) -> Values:
    found: Values = {}
    sections = {name.upper(): name for name in schema.__struct_fields__}
    for variable, text in variables_with_prefix(PREFIX).items():
        first, *rest = variable.removeprefix(PREFIX).split(SEPARATOR)
        if not rest:
            continue  # ASSAY_HOME and its like are no settings
        path = (sections.get(first, first.lower()), *_rest_of(schema, sections.get(first), rest))
        found[path] = text
    return found


def _rest_of(schema: type[msgspec.Struct], section: str | None, rest: list[str]) -> tuple[str, ...]:
    # The name inside a mapping (an instrument's symbol) keeps its case; field names are lower.
    if section and _mapping_of(get_type_hints(schema)[section]) and len(rest) > 1:
        return (rest[0], *(part.lower() for part in rest[1:]))
    return tuple(part.lower() for part in rest)


def _flatten(tree: Mapping[str, Any], path: tuple[str, ...]) -> Values:
    flat: Values = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat.update(_flatten(value, (*path, str(key))))
        else:
            flat[(*path, str(key))] = value
    return flat


def _mapping_of(hint: Any) -> Any:
    return get_args(hint)[1] if get_origin(hint) in (dict, Mapping) else None


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _require_known(
    schema: type[msgspec.Struct], path: tuple[str, ...], origin: str, home: Home
) -> None:
    here: Any = schema
    for depth, key in enumerate(path):
        if (inner := _mapping_of(here)) is not None:
            here = inner
        elif _is_struct(here):
            hints = get_type_hints(here)
            if key not in hints:
                raise UsageError(_unknown(path, depth, hints, _place(origin, path, home)))
            here = hints[key]
        elif here is not Any:
            raise UsageError(_unknown(path, depth, (), _place(origin, path, home)))
    if _is_struct(here):
        raise UsageError(
            f"{_place(origin, path, home)}: {'.'.join(path)} is a section; "
            f"set one of its keys: {', '.join(here.__struct_fields__)}"
        )


def _place(origin: str, path: tuple[str, ...], home: Home) -> str:
    if origin == FILE:
        return str(home.config_file)
    if origin == ENVIRONMENT:
        return "variable " + _variable_of(path)
    return "flag"


def _variable_of(path: Iterable[str]) -> str:
    return PREFIX + SEPARATOR.join(part.upper() for part in path)


def _unknown(path: tuple[str, ...], depth: int, known: Iterable[str], place: str) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(path[depth], names, n=1, cutoff=0.5)
    prefix = ".".join(path[:depth])
    if near:
        remedy = f"did you mean {'.'.join((*path[:depth], near[0]))!r}?"
    elif names:
        remedy = f"{prefix or 'the file'} knows {', '.join(names)}"
    else:
        remedy = f"{prefix} has no keys of its own"
    return f"{place}: key {'.'.join(path)!r} is unknown; {remedy}"


def _convert(
    schema: type[Schema],
    values: Values,
    origins: Mapping[tuple[str, ...], str],
    home: Home,
) -> Schema:
    for path, each in values.items():
        _convert_one(schema, path, each, _place(origins[path], path, home))
    tree: dict[str, Any] = {}
    for path, each in values.items():
        node = tree
        for key in path[:-1]:
            node = node.setdefault(key, {})
        node[path[-1]] = each
    try:
        # Not strict: variables and flags are text, and a number may stand as text in the file.
        return msgspec.convert(tree, schema, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"{home.config_file}: {error}; correct that setting") from None


def _convert_one(
    schema: type[msgspec.Struct], path: tuple[str, ...], value: Any, place: str
) -> None:
    here: Any = schema
    for key in path:
        here = _mapping_of(here) or (get_type_hints(here)[key] if _is_struct(here) else here)
    if here is Any:
        return
    try:
        msgspec.convert(value, here, strict=False)
    except (msgspec.ValidationError, AssayError) as error:
        key = ".".join(path)
        shown = MASK if is_secret_name(path[-1]) else repr(value)
        raise UsageError(
            f"{place}: {key} = {shown} does not fit ({error}); "
            f"give {key} a value of type {getattr(here, '__name__', here)}"
        ) from None
