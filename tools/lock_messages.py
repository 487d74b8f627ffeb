"""Lock the wire schema of every message in schema/messages.json.

Usage: python -m tools.lock_messages   (refuses a change that old journals could not be read with)

A new message or a new optional field is added to the lock. Anything else is a new version: give
the struct a tag with its version (`tag="OrderFilled.2"`), keep the old struct under its old tag,
write an upcaster from old to new, and lock both.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from assay.model.messages import message_types

LOCK = Path(__file__).resolve().parents[1] / "schema" / "messages.json"
Schema = dict[str, Any]


def describe_messages() -> Schema:
    """Return the schema of every message and of what they contain, by name."""
    _, components = msgspec.json.schema_components(
        tuple(message_types().values()), ref_template="{name}"
    )
    schemas: Schema = {}
    for name, schema in sorted(components.items()):
        schema.pop("description", None)
        schemas[name] = schema
    return json.loads(json.dumps(schemas))  # a tuple in a default reads back as a list


def _compare_fields(name: str, old: Schema, new: Schema) -> list[str]:
    fields, locked = new.get("properties", {}), old.get("properties", {})
    changes = [f"{name}.{field} is gone" for field in locked if field not in fields]
    changes += [
        f"{name}.{field} was {locked[field]} and is {fields[field]}"
        for field in locked
        if field in fields and fields[field] != locked[field]
    ]
    required = set(new.get("required", ())) ^ set(old.get("required", ()))
    changes += [f"{name}.{field} may not be, become or cease to be required" for field in required]
    return sorted(changes)


def compare_schemas(locked: Schema, current: Schema) -> list[str]:
    """Return the changes that old journals would not survive; new optional fields are none."""
    changes: list[str] = []
    for name, old in locked.items():
        new = current.get(name)
        if new is None:
            changes.append(f"{name} is gone")
            continue
        changes += _compare_fields(name, old, new)
        loose = {"properties", "required"}
        for key in sorted((set(old) | set(new)) - loose):
            if old.get(key) != new.get(key):
                changes.append(f"{name}: {key} was {old.get(key)} and is {new.get(key)}")
    return changes


def find_unlocked(locked: Schema, current: Schema) -> list[str]:
    """Return the messages that the lock does not hold yet."""
    return [name for name in current if name not in locked]


def read_lock(path: Path = LOCK) -> Schema:
    """Return the locked schema; an absent file locks nothing."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def main() -> int:
    """Write the lock unless a change breaks it; return the exit status."""
    current = describe_messages()
    changes = compare_schemas(read_lock(), current)
    if changes:
        print("\n".join(changes), "", __doc__, sep="\n", file=sys.stderr)
        return 1
    LOCK.parent.mkdir(exist_ok=True)
    LOCK.write_text(json.dumps(current, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(current)} schemas locked in {LOCK.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
