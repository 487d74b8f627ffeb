"""Write the page's types from the gateway's structs: `python -m tools.generate_page_types`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from assay.apps.gateway.views import PAGE_TYPES
from assay.apps.gateway.web.wishes import WISHES

PATH = Path(__file__).parents[1] / "dashboard" / "src" / "api" / "types.ts"
HEAD = "// Made from src/assay/apps/gateway/views.py by `python -m tools.generate_page_types`.\n"
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


def type_of(schema: dict[str, Any]) -> str:
    """Return a JSON schema as a TypeScript type; raise KeyError for a form that no view uses."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        names = [type_of(each) for each in schema["anyOf"]]
        is_change = all(name.endswith("Change") for name in names)
        return "Change" if is_change else " | ".join(names)
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    if schema.get("type") == "array":
        inner = type_of(schema["items"])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    return "null" if schema.get("type") == "null" else PLAIN[schema["type"]]


def interface_of(name: str, schema: dict[str, Any]) -> str:
    """Return one struct as an exported interface; a wish may leave out what has a default."""
    needed = (
        schema["properties"] if schema.get("additionalProperties", True) else schema["required"]
    )
    lines = [
        f"  {key}{'' if key in needed else '?'}: {type_of(each)};"
        for key, each in schema["properties"].items()
    ]
    about = schema.get("description", "").split("\n", maxsplit=1)[0]
    body = "\n".join(lines)
    return f"/** {about} */\nexport interface {name} {{\n{body}\n}}\n"


def generate() -> str:
    """Return the whole file."""
    _, parts = msgspec.json.schema_components((*PAGE_TYPES, *WISHES))
    unions = [
        ("Change", [name for name in parts if name.endswith("Change")]),
        ("StreamMessage", ["SnapshotMessage", "DeltaMessage"]),
    ]
    found = [interface_of(name, parts[name]) for name in sorted(parts)]
    found += [f"export type {name} = {' | '.join(sorted(each))};\n" for name, each in unions]
    return HEAD + "\n" + "\n".join(found)


def main() -> int:
    """Write the file."""
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(generate(), encoding="utf-8")
    print(f"{PATH}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
