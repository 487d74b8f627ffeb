"""An evidence file, verified by a program written from docs/audit.md alone."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from assay.books.audit import MemoryChains, StartLine, load_public_key, read_heads, write_export
from tests.contract.audits import audited_memory, mixed

ENTRIES = 100


def number(value: int, size: int = 8) -> bytes:
    return value.to_bytes(size, "big", signed=size == 8)


def leaf_of(entry: dict[str, Any], tenant: str) -> bytes:
    names = ("number", "position", "ts_event", "message_id", "cause")
    owner, kind = tenant.encode(), entry["kind"].encode()
    content = b"".join(number(entry[name]) for name in names)
    content += number(len(owner), 2) + number(len(kind), 2) + owner + kind
    return sha256(b"\x00" + content + b64decode(entry["payload"])).digest()


def tree_hash(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


def check_seal(seal: dict[str, Any], tenant: str, entries: list[dict[str, Any]], key: Any) -> bytes:
    leaves = [leaf_of(entry, tenant) for entry in entries]
    assert b64decode(seal["leaves"]) == b"".join(leaves)
    root = tree_hash(leaves)
    assert b64decode(seal["root"]) == root
    names = ("number", "first", "count", "position", "sealed_at")
    content = b"assay.audit.seal.1\x00" + b"".join(number(seal[name]) for name in names)
    digest = sha256(content + b64decode(seal["previous"]) + root + tenant.encode()).digest()
    assert b64decode(seal["hash"]) == digest
    key.verify(b64decode(seal["signature"]), b"assay.audit.seal.1\x00" + digest)
    assert seal["position"] == entries[-1]["position"]
    return digest


def check_head(head: dict[str, Any], count: int, digest: bytes, key: Any) -> None:
    assert (head["count"], head["hash"]) == (count, digest.hex())
    unsigned = json.dumps({**head, "signature": ""}, separators=(",", ":"), ensure_ascii=False)
    key.verify(bytes.fromhex(head["signature"]), b"assay.audit.head.1\n" + unsigned.encode())


def check_file(content: bytes) -> int:
    """Follow docs/audit.md, check by check; return the number of entries."""
    lines = [json.loads(line) for line in content.splitlines()]
    key: Any = load_pem_public_key(lines[0]["public_key"].encode())
    tenant, total, waiting, previous, seals = "", 0, [], bytes(32), 0
    count = 0
    for line in lines:
        if line["line"] == "chain":
            tenant, count, waiting, previous, seals = line["tenant"], 0, [], bytes(32), 0
        elif line["line"] == "entry":
            count, total = count + 1, total + 1
            assert line["number"] == count
            waiting.append(line)
        elif line["line"] == "seal":
            seals += 1
            assert (line["number"], line["first"]) == (seals, count - len(waiting) + 1)
            assert b64decode(line["previous"]) == previous
            previous, waiting = check_seal(line, tenant, waiting, key), []
        elif line["line"] == "head":
            check_head(line["head"], count, previous, key)
    before = content[: content.rindex(b"\n", 0, -1) + 1]
    assert lines[-1] == {
        "line": "end", "lines": len(lines) - 1, "sha256": sha256(before).hexdigest(),
    }  # fmt: skip
    return total


def test_the_document_is_enough_to_verify_a_file(tmp_path: Path) -> None:
    audited, held = audited_memory(tmp_path)
    audited.record(mixed(1, ENTRIES))
    audited.follow(batch=17)
    sink = BytesIO()
    start = StartLine(1, "test", 1, load_public_key(tmp_path).pem.decode())
    write_export(sink, MemoryChains(held), read_heads(audited.heads), start)
    assert check_file(sink.getvalue()) == ENTRIES
