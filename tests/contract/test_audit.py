"""One suite for every audit store: in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from assay.books.audit import AuditEntry, open_key
from assay.model.errors import DataError, OperatorError, RetryError, UsageError
from assay.model.messages import encode_message
from assay.runtime.stores.postgres import (
    PostgresServer,
    migrate,
    remove_postgres,
    start_postgres,
)
from tests.contract.audits import (
    Audited,
    audited_memory,
    audited_postgres,
    halting,
    mixed,
    recovered,
    started,
    tick,
)
from tests.databases import Databases


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> Iterator[PostgresServer]:
    home = tmp_path_factory.mktemp("home")
    databases.lay(home)
    running = start_postgres(home)
    migrate(running.admin_dsn, home / "backups")
    yield running
    running.stop()
    remove_postgres(home)


def forget(admin_dsn: str) -> None:
    """Empty the tables, as no program may: a new database per test would cost seconds."""
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("truncate journal, snapshot, inbox, outbox")
        for table in ("journal", "audit_entry", "audit_seal"):
            connection.execute(f"alter table {table} disable trigger append_only")
            connection.execute(f"truncate {table}")
            connection.execute(f"alter table {table} enable trigger append_only")


@pytest.fixture(params=["memory", "postgres"])
def audited(request: pytest.FixtureRequest, tmp_path: Path) -> Audited:
    folder = tmp_path / "audit"
    folder.mkdir(mode=0o700)
    if request.param == "memory":
        return audited_memory(folder)[0]
    server: PostgresServer = request.getfixturevalue("server")
    forget(server.admin_dsn)
    return audited_postgres(folder, server.dsn)


def entries_of(audited: Audited, tenant: str) -> list[AuditEntry]:
    with audited.view() as chains:
        return list(chains.entries(tenant))


def test_an_empty_home_has_an_audit_that_holds(audited: Audited) -> None:
    assert audited.follow() == 0
    assert audited.verify().ok
    assert audited.verify().entries == 0


def test_every_message_is_entered_in_the_chain_of_its_tenant(audited: Audited) -> None:
    messages = mixed(1, 300)
    audited.record(messages)
    assert audited.follow(batch=70) == 300
    for tenant in ("", "a", "B/ö"):
        own = [(at, each) for at, each in enumerate(messages, start=1) if each.tenant == tenant]
        found = entries_of(audited, tenant)
        assert [each.number for each in found] == list(range(1, len(own) + 1))
        assert [each.position for each in found] == [at for at, _ in own]
        assert [each.payload for each in found] == [encode_message(each) for _, each in own]
        assert [each.message_id for each in found] == [each.id for _, each in own]
        assert [each.cause for each in found] == [each.cause for _, each in own]
        assert [each.ts_event for each in found] == [each.ts_event for _, each in own]
    report = audited.verify()
    assert (report.ok, report.entries, len(report.chains)) == (True, 300, 3)


def test_seals_follow_each_other_without_a_gap(audited: Audited) -> None:
    audited.record(mixed(1, 60))
    audited.follow(batch=7)
    with audited.view() as chains:
        seals = list(chains.seals("a"))
    assert [each.number for each in seals] == list(range(1, len(seals) + 1))
    assert [each.first for each in seals[1:]] == [each.last + 1 for each in seals[:-1]]
    assert [each.previous for each in seals[1:]] == [each.hash for each in seals[:-1]]
    head = audited.heads.read("a")
    assert head is not None
    assert (head.count, head.seal, head.hash) == (
        seals[-1].last, seals[-1].number, seals[-1].hash.hex(),
    )  # fmt: skip


def test_starts_and_recoveries_are_of_the_kind_lifecycle(audited: Audited) -> None:
    audited.record([started(1), tick(2), recovered(3)])
    audited.follow()
    assert [each.kind for each in entries_of(audited, "")] == ["lifecycle", "Tick", "lifecycle"]


def test_a_restart_anywhere_enters_each_message_once(audited: Audited) -> None:
    audited.record(mixed(1, 100))
    made = 0
    for _ in range(200):
        made += audited.follow(batch=9, rounds=1)
    audited.record(mixed(101, 50))
    made += audited.follow(batch=9)
    assert made == 150
    assert audited.verify().entries == 150
    assert audited.verify().ok


def test_messages_behind_the_audit_are_lag_and_no_flaw(audited: Audited) -> None:
    audited.record(mixed(1, 40))
    audited.follow(batch=10, rounds=2)
    assert (audited.verify().entries, audited.verify().ok) == (20, True)


def test_a_kill_between_commit_and_head_is_mended_at_the_next_start(audited: Audited) -> None:
    audited.record(mixed(1, 40))
    audited.follow(batch=20, rounds=1)
    before = audited.heads.path("a").read_bytes()
    audited.follow(batch=20, rounds=1)
    after = audited.heads.path("a").read_bytes()
    audited.heads.path("a").write_bytes(before)
    assert audited.verify().ok
    assert audited.follow() == 0
    assert audited.heads.path("a").read_bytes() == after


def test_a_head_two_seals_behind_is_an_older_one_put_back(audited: Audited) -> None:
    audited.record(mixed(1, 60))
    audited.follow(batch=20, rounds=1)
    before = audited.heads.path("a").read_bytes()
    audited.follow(batch=20)
    audited.heads.path("a").write_bytes(before)
    assert "older one" in str(audited.verify().reason)
    with pytest.raises(DataError, match="2 seals old"):
        audited.follow()


@pytest.mark.parametrize("how", ["missing", "edited", "foreign"])
def test_a_start_refuses_a_head_that_is_not_ours(
    audited: Audited, how: str, tmp_path: Path
) -> None:
    audited.record(mixed(1, 20))
    audited.follow()
    path = audited.heads.path("a")
    if how == "missing":
        path.unlink()
    elif how == "edited":
        path.write_bytes(path.read_bytes().replace(b'"count":', b'"count": '))
    else:
        path.write_bytes(audited.heads.path("").read_bytes())
    report = audited.verify()
    assert (report.ok, report.tenant, report.first_bad) == (False, "a", 1)
    with pytest.raises(DataError, match="restore"):
        audited.follow()


def test_a_second_keeper_is_refused(audited: Audited) -> None:
    store = audited.open_store()
    with pytest.raises(RetryError):
        audited.open_store()
    store.close()
    audited.open_store().close()


def test_a_batch_has_a_bound(audited: Audited) -> None:
    with pytest.raises(UsageError):
        audited.follow(batch=0)


def test_a_lost_key_is_not_replaced_by_a_new_one(audited: Audited) -> None:
    audited.record([tick(1)])
    audited.follow()
    assert (audited.folder / "key.pem").stat().st_mode & 0o777 == 0o600
    (audited.folder / "key.pem").unlink()
    with pytest.raises(OperatorError, match=r"key\.pem is missing"):
        open_key(audited.folder)


def test_the_database_refuses_changes_and_shows_a_tenant_its_own(
    server: PostgresServer, tmp_path: Path
) -> None:
    forget(server.admin_dsn)
    audited = audited_postgres(tmp_path, server.dsn)
    audited.record([tick(1), halting(2, "a"), halting(3, "b")])
    audited.follow()
    for table in ("audit_entry", "audit_seal"):
        for verb in ("delete from", "truncate"):
            with psycopg.connect(server.dsn) as connection, pytest.raises(psycopg.Error):
                connection.execute(f"{verb} {table}")
        with psycopg.connect(server.dsn) as connection, pytest.raises(psycopg.Error):
            connection.execute(f"update {table} set position = 0")
        with psycopg.connect(server.admin_dsn) as connection, pytest.raises(psycopg.Error):
            connection.execute(f"delete from {table}")
        with psycopg.connect(server.tenant_dsn) as connection:
            connection.execute("select set_config('assay.tenant', 'a', false)")
            seen = connection.execute(f"select distinct tenant from {table} order by 1")
            assert [row[0] for row in seen] == ["", "a"]
