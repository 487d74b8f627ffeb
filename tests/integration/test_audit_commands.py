"""`assay audit` on a real home: beside the program that writes it, tampered with, exported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer

from assay.apps.cli import console
from assay.apps.cli.audit import register
from assay.apps.cli.backup import register as register_backup
from assay.model.messages import HomeRestored, decode_message
from assay.runtime.home import open_home
from assay.runtime.stores.postgres import Postgres, open_postgres, remove_postgres
from tests.contract.audits import Audited, audited_postgres, mixed
from tests.databases import Databases
from tests.integration.killing import call as run_assay

MESSAGES, BATCH = 120, 24
TENANT = "a"
SEALED = "update audit_seal set {} where tenant = 'a' and number = 2"

EDITS = {
    "payload": (
        "update audit_entry set payload = set_byte(payload, 9, get_byte(payload, 9) # 1) "
        "where tenant = 'a' and number = 17", 17,
    ),
    "kind": ("update audit_entry set kind = 'Tick' where tenant = 'a' and number = 2", 2),
    "time": (
        "update audit_entry set ts_event = ts_event - 1 where tenant = 'a' and number = 31", 31,
    ),
    "tenant": ("update audit_entry set tenant = 'z' where tenant = 'a' and number = 60", 60),
    "deleted": ("delete from audit_entry where tenant = 'a' and number = 20", 20),
    "inserted": (
        "insert into audit_entry select tenant, 61, position + 9, kind, ts_event, message_id, "
        "cause, payload from audit_entry where tenant = 'a' and number = 60", 61,
    ),
    "swapped": (
        "update audit_entry e set payload = o.payload, position = o.position, kind = o.kind, "
        "ts_event = o.ts_event, message_id = o.message_id, cause = o.cause from audit_entry o "
        "where e.tenant = 'a' and o.tenant = 'a' and (e.number, o.number) in ((5, 9), (9, 5))", 5,
    ),
    "tail": ("delete from audit_entry where tenant = 'a' and number > 55", 56),
    "tail with its seals": (
        "with gone as (delete from audit_seal where tenant = 'a' and number > 3) "
        "delete from audit_entry where tenant = 'a' and number > 36", 37,
    ),
    "all": (
        "with gone as (delete from audit_seal), place as (delete from inbox) "
        "delete from audit_entry", 1,
    ),
    "seal": (SEALED.format("root = sha256('x')"), 13),
    "signature": (
        SEALED.format("signature = set_byte(signature, 0, get_byte(signature, 0) # 1)"), 13,
    ),
    "leaves": (SEALED.format("leaves = set_byte(leaves, 40, get_byte(leaves, 40) # 4)"), 13),
    "seal deleted": ("delete from audit_seal where tenant = 'a' and number = 4", 37),
    "place": ("update inbox set position = position + 1 where module = 'audit'", None),
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("audit") / "home"
    yield folder
    remove_postgres(folder)


@pytest.fixture(scope="module")
def server(home: Path, databases: Databases) -> Iterator[Postgres]:
    open_home(home)
    databases.lay(home)
    running = open_postgres(home)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def audited(home: Path, server: Postgres) -> Audited:
    folder = open_home(home).folder("audit")
    opened = audited_postgres(folder, server.dsn)
    opened.record(mixed(1, MESSAGES))
    opened.follow(batch=BATCH)
    with psycopg.connect(server.admin_dsn) as connection:
        for table in ("audit_entry", "audit_seal", "inbox"):
            connection.execute(f"create table kept_{table} as table {table}")
    shutil.copytree(folder, folder.with_name("kept"))
    return opened


@pytest.fixture
def intact(audited: Audited, server: Postgres) -> Iterator[Audited]:
    """Bring back after a test what it has changed."""
    yield audited
    edit(server, *(
        statement
        for table in ("audit_entry", "audit_seal", "inbox")
        for statement in (f"delete from {table}", f"insert into {table} table kept_{table}")
    ))  # fmt: skip
    shutil.rmtree(audited.folder)
    shutil.copytree(audited.folder.with_name("kept"), audited.folder)


def edit(server: Postgres, *statements: str) -> None:
    """Change what is append-only, as a superuser can."""
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("set session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any], str]:
    app = typer.Typer()
    register(app)
    register_backup(app)
    code = console.run(app, [*map(str, words), "--json"])
    captured = capsys.readouterr()
    shown: dict[str, Any] = json.loads(captured.out) if captured.out else {}
    return code, shown, captured.err


def test_verify_holds_while_others_write(
    intact: Audited, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = intact.open_store()
    code, shown, _ = call(capsys, "audit", "verify", "--home", home)
    store.close()
    assert (code, shown["entries"], shown["ok"]) == (0, MESSAGES, True)
    assert (shown["first_bad"], shown["reason"]) == (None, None)
    code, shown, _ = call(capsys, "audit", "verify", "--tenant", TENANT, "--home", home)
    assert (code, shown["entries"], len(shown["chains"])) == (0, 60, 1)
    code, _, told = call(capsys, "audit", "verify", "--tenant", "nobody", "--home", home)
    assert code == 2
    assert "'a'" in told


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_by_a_superuser_is_named(
    intact: Audited, server: Postgres, home: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    statement, first_bad = EDITS[what]
    intact.record(mixed(MESSAGES + 1, 1)) if what == "place" else None
    edit(server, statement)
    words = ("--tenant", TENANT) if first_bad else ()
    code, shown, told = call(capsys, "audit", "verify", *words, "--home", home)
    assert (code, shown["ok"]) == (3, False)
    assert shown["reason"] in told
    if first_bad:
        assert shown["first_bad"] == first_bad, shown["reason"]


@pytest.mark.parametrize("name", ["heads/a.json", "key.pub.pem"])
@pytest.mark.parametrize("how", ["missing", "edited", "empty"])
def test_a_file_of_the_audit_that_is_gone_or_edited(
    intact: Audited, home: Path, capsys: pytest.CaptureFixture[str], name: str, how: str
) -> None:
    path = intact.folder / name
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        edited = content[:60] + bytes([content[60] ^ 1]) + content[61:]
        path.write_bytes(b"" if how == "empty" else edited)
    code, shown, _ = call(capsys, "audit", "verify", "--home", home)
    assert (code, shown["ok"], shown["first_bad"]) == (3, False, 1)


def test_an_export_is_verified_without_the_home(
    intact: Audited, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evidence.jsonl"
    code, shown, _ = call(capsys, "audit", "export", path, "--home", home)
    assert (code, shown["entries"]) == (0, MESSAGES)
    assert path.stat().st_mode & 0o777 == 0o600
    words = ("audit", "verify", "--file", path, "--home", tmp_path / "none")
    code, shown, _ = call(capsys, *words)
    assert (code, shown["entries"], shown["ok"]) == (0, MESSAGES, True)
    trusted = ("--public-key", intact.folder / "key.pub.pem")
    marks = ("--checkpoint", intact.heads.path(TENANT))
    assert call(capsys, *words, *trusted, *marks)[0] == 0
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"number":30,', b'"number":31,', 1))
    code, shown, _ = call(capsys, *words)
    assert (code, shown["ok"], shown["first_bad"]) == (3, False, 30)
    path.write_bytes(content[:-1])
    assert call(capsys, *words)[0] == 3


def test_a_new_home_has_nothing_to_verify(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown, _ = call(capsys, "audit", "verify", "--home", tmp_path / "new")
    assert (code, shown["entries"], shown["ok"]) == (0, 0, True)
    code, _, told = call(capsys, "audit", "export", tmp_path / "x", "--home", tmp_path / "new")
    assert code == 3
    assert "key.pub.pem" in told


def test_a_database_that_vanished_is_missed(
    audited: Audited, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = open_home(tmp_path / "fresh")
    shutil.copytree(audited.folder.with_name("kept"), fresh.path / "audit")
    code, shown, _ = call(capsys, "audit", "verify", "--tenant", TENANT, "--home", fresh.path)
    assert (code, shown["ok"], shown["first_bad"]) == (3, False, 1)


@pytest.mark.running
def test_a_restore_is_recorded_with_the_chains_that_it_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, archive = tmp_path / "home", tmp_path / "home.tar.gz"
    opened = open_home(path)
    try:
        running = open_postgres(path)
        audited = audited_postgres(opened.folder("audit"), running.dsn)
        audited.record(mixed(1, 12))
        audited.follow(batch=4)
        assert call(capsys, "backup", archive, "--home", path)[0] == 0
        audited.record(mixed(13, 12))
        audited.follow(batch=4)
        later = audited.heads.read(TENANT)
        running.stop()
        assert call(capsys, "restore", archive, "--force", "--home", path)[0] == 0
        code, shown, _ = call(capsys, "audit", "verify", "--home", path)
        assert (code, shown["entries"], shown["ok"]) == (0, 13, True)
        running = open_postgres(path)
        with psycopg.connect(running.dsn) as connection:
            rows = connection.execute("select payload from audit_entry where kind = 'lifecycle'")
            found = [decode_message(row[0]) for row in rows]
        running.stop()
        assert len(found) == 1
        assert isinstance(found[0], HomeRestored)
        assert later is not None
        assert (TENANT, later.count, later.hash) in [
            (each.tenant, each.count, each.hash) for each in found[0].replaced
        ]
    finally:
        remove_postgres(path)


@pytest.mark.running
def test_the_platform_does_not_start_on_a_chain_that_its_head_does_not_vouch_for(
    tmp_path: Path,
) -> None:
    opened = open_home(tmp_path / "home")
    words = ("up", "--source", "sample", "--speed", "max", "--for", "60", "--port", "0")
    try:
        running = open_postgres(opened.path)
        audited = audited_postgres(opened.folder("audit"), running.dsn)
        audited.record(mixed(1, 12))
        audited.follow()
        running.stop()
        audited.heads.path(TENANT).unlink()
        told = run_assay(*words, home=opened.path, code=3)["error"]
        assert "assay audit verify" in told
    finally:
        remove_postgres(opened.path)
