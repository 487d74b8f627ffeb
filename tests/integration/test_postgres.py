"""The embedded PostgreSQL as it really runs: started, killed, adopted, migrated, isolated."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from assay.model.errors import DataError, OperatorError, RetryError
from assay.runtime.clock import wait_for
from assay.runtime.stores.postgres import (
    HEAD,
    ExternalPostgres,
    PostgresServer,
    dump_database,
    is_running,
    load_database,
    migrate,
    open_postgres,
    remove_postgres,
    start_postgres,
    stop_postgres,
)
from assay.runtime.stores.postgres.place import POINTER, find_place
from assay.runtime.stores.postgres.schema import read_revision

ROOT = os.geteuid() == 0
NOBODY = 65534

START = """
import sys
from pathlib import Path
from assay.runtime.stores.postgres import open_postgres
server = open_postgres(Path(sys.argv[1]))
print(server.pid, flush=True)
if sys.argv[2] == "stop":
    server.stop()
else:
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    yield folder
    remove_postgres(folder)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    folder = tmp_path_factory.mktemp("shared")
    started = open_postgres(folder)
    assert isinstance(started, PostgresServer)
    yield started
    started.stop()
    remove_postgres(folder)


def add_database(server: PostgresServer, name: str, rest: str = "") -> str:
    """Return the owner's address of a new, empty database."""
    with psycopg.connect(
        server.place.conninfo("postgres", "postgres"), autocommit=True
    ) as connection:
        connection.execute(f"create database {name} {rest}")
    return server.place.conninfo("postgres", name)


def run_sql(dsn: str, *statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        cursor = connection.execute(statements[-1])
        return cursor.fetchall() if cursor.description else []


def modes(*folders: Path) -> list[tuple[int, int]]:
    return [(folder.stat().st_mode, folder.stat().st_uid) for folder in folders]


def test_data_is_kept_over_stop_and_kill_and_no_permission_changes(
    home: Path, tmp_path: Path
) -> None:
    watched = [home, *home.parents, Path(sys.prefix), *Path(sys.prefix).parents]
    before = modes(*watched)
    first = open_postgres(home)
    run_sql(first.dsn, "insert into run_meta (key, value) values ('kept', 'yes')")
    first.stop()
    assert not is_running(home)
    second = start_postgres(home)
    pid = second.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    third = start_postgres(home)
    assert third.pid != pid
    assert run_sql(third.dsn, "select value from run_meta where key = 'kept'") == [("yes",)]
    second.stop()
    assert is_running(home)
    third.stop()
    assert not is_running(home)
    assert modes(*watched) == before


def test_a_stale_pid_file_with_a_living_stranger_is_no_obstacle(home: Path) -> None:
    start_postgres(home).stop()
    place = find_place(home)
    assert place is not None
    (place.data / "postmaster.pid").write_text(f"{os.getpid()}\n{place.data}\n0\n5432\n\n\n")
    server = start_postgres(home)
    assert run_sql(server.dsn, "show fsync") == [("on",)]
    assert run_sql(server.dsn, "show listen_addresses") == [("",)]
    server.stop()


def has_ended(pid: int) -> bool:
    # An orphan stays a zombie until the first process of the machine takes note of it.
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def start_elsewhere(home: Path, what: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, str(home), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_server_of_a_killed_program_is_adopted_or_stopped(home: Path) -> None:
    with start_elsewhere(home, "hold") as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        with pytest.raises(RetryError, match="in use"):
            stop_postgres(home)
        program.kill()
    adopted = start_postgres(home)
    assert adopted.pid == pid
    adopted.stop()
    assert wait_for(lambda: has_ended(pid), seconds=10)
    with start_elsewhere(home, "hold") as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        program.kill()
    assert stop_postgres(home)
    assert wait_for(lambda: not is_running(home), seconds=10)
    assert not stop_postgres(home)


def test_two_programs_starting_at_once_share_one_server(home: Path) -> None:
    programs = [start_elsewhere(home, "stop") for _ in range(3)]
    outcomes = [program.communicate(timeout=60)[0] for program in programs]
    assert [program.returncode for program in programs] == [0, 0, 0]
    assert all(int(outcome) for outcome in outcomes)
    assert not is_running(home)


def test_a_symlinked_home_and_a_long_path_lead_to_the_same_server(
    tmp_path: Path, home: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(home)
    through_link, direct = start_postgres(link), start_postgres(home)
    assert through_link.pid == direct.pid
    through_link.stop()
    direct.stop()
    long = tmp_path / ("x" * 120)
    far = start_postgres(long)
    assert run_sql(far.dsn, "select 1") == [(1,)]
    far.stop()
    assert remove_postgres(long)


def test_data_of_another_major_version_is_refused(home: Path) -> None:
    start_postgres(home).stop()
    place = find_place(home)
    assert place is not None
    (place.data / "PG_VERSION").write_text("11\n")
    with pytest.raises(OperatorError, match="written by PostgreSQL 11"):
        start_postgres(home)
    (place.data / "PG_VERSION").write_text("18\n")


def test_a_home_that_cannot_be_written_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="--home"):
        start_postgres(tmp_path / "file" / "home")


def test_removal_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    start_postgres(folder).stop()
    place = find_place(folder)
    assert place is not None
    assert place.folder.exists()
    assert remove_postgres(folder)
    assert not place.folder.exists()
    assert [entry.name for entry in folder.iterdir()] == ["locks"]
    assert not remove_postgres(folder)


if ROOT:

    def test_root_uses_a_system_folder_and_refuses_a_copied_home(
        home: Path, tmp_path: Path
    ) -> None:
        start_postgres(home).stop()
        place = find_place(home)
        assert place is not None
        assert place.folder.parent == Path("/var/lib/assay")
        assert place.account.uid != 0
        assert place.folder.stat().st_mode & 0o777 == 0o700
        copy = tmp_path / "copy"
        copy.mkdir()
        (copy / POINTER).write_bytes((home / POINTER).read_bytes())
        with pytest.raises(OperatorError, match="is a copy of"):
            start_postgres(copy)
        (copy / POINTER).unlink()

    def test_root_works_on_a_plain_users_home_as_that_user(tmp_path: Path) -> None:
        folder = tmp_path / "home"
        (folder / "postgres").mkdir(parents=True, mode=0o700)
        for parent in [tmp_path, *tmp_path.parents][:3]:
            assert parent.stat().st_uid == 0
        os.chown(folder / "postgres", NOBODY, NOBODY)
        # The folders above are private to root: only the remedy can be given.
        with pytest.raises(OperatorError, match=r"nobody|postgres"):
            start_postgres(folder)


def run_plain(python: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [python, *words],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def find_plain_python() -> str | None:
    """Return a Python that a plain user can run where we are root; ours may be private to root."""
    for python in (sys.executable, f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"):
        try:
            if ROOT and run_plain(python, "-c", "import assay, psycopg").returncode == 0:
                return python
        except OSError:
            continue
    return None


PLAIN_PYTHON = find_plain_python()

if PLAIN_PYTHON:

    @pytest.fixture
    def plain_home() -> Iterator[Path]:
        import shutil
        import tempfile

        folder = Path(tempfile.mkdtemp(dir="/tmp"))
        os.chown(folder, NOBODY, NOBODY)
        yield folder / "home"
        shutil.rmtree(folder)

    def test_a_plain_user_keeps_the_files_in_the_home_and_root_may_visit(plain_home: Path) -> None:
        done = run_plain(str(PLAIN_PYTHON), "-c", START, str(plain_home), "stop")
        assert done.returncode == 0, done.stderr
        data = plain_home / "postgres" / "data"
        assert data.stat().st_uid == NOBODY
        assert plain_home.stat().st_mode & 0o777 == 0o700
        visit = start_postgres(plain_home)
        assert run_sql(visit.dsn, "select 1") == [(1,)]
        visit.stop()
        done = run_plain(str(PLAIN_PYTHON), "-c", START, str(plain_home), "stop")
        assert done.returncode == 0, done.stderr


def test_a_home_of_schema_1_is_backed_up_and_upgraded(home: Path) -> None:
    old = start_postgres(home)
    assert migrate(old.admin_dsn, home / "backups", "0001") is None
    run_sql(
        old.dsn,
        "insert into journal values (1, 1, 'a', 'main', 1, 'Tick', 1, 0, 5, 6, 1, 'x')",
        "insert into halt values ('a', true, 'drawdown', 'risk', 7)",
        "insert into outbox values (9, 1, 0, 'order', null)",
    )
    tables = ["journal", "halt", "outbox"]
    before = [run_sql(old.dsn, f"select * from {table}") for table in tables]
    old.stop()
    new = open_postgres(home)
    assert [run_sql(new.dsn, f"select * from {table}") for table in tables] == before
    assert run_sql(new.admin_dsn, "select version_num from alembic_version") == [(HEAD,)]
    backups = list((home / "backups").iterdir())
    assert [backup.name for backup in backups] == [f"before-schema-{HEAD}-1.tar.gz"]
    assert backups[0].stat().st_mode & 0o777 == 0o600
    new.stop()
    open_postgres(home).stop()
    assert len(list((home / "backups").iterdir())) == 1


def test_head_is_the_last_revision() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from assay.runtime.stores.postgres import schema

    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [HEAD]
    assert len(list(script.walk_revisions())) >= 2


def test_a_newer_database_is_refused_and_left_alone(server: PostgresServer, tmp_path: Path) -> None:
    dsn = add_database(server, "newer", "template assay")
    run_sql(dsn, "update alembic_version set version_num = '9999'")
    with pytest.raises(OperatorError, match="9999"):
        migrate(dsn, tmp_path)
    assert run_sql(dsn, "select version_num from alembic_version") == [("9999",)]
    assert list(tmp_path.iterdir()) == []


def test_a_failed_migration_changes_nothing(server: PostgresServer, tmp_path: Path) -> None:
    dsn = add_database(server, "failing")
    migrate(dsn, tmp_path, "0001")
    run_sql(dsn, "create index outbox_open on outbox (key)")
    with pytest.raises(Exception, match="already exists"):
        migrate(dsn, tmp_path)
    with psycopg.connect(dsn) as connection:
        assert read_revision(connection) == "0001"


ROW = "insert into journal values (%s, %s, %s, 's', %s, 'Tick', 1, 0, 1, 1, 1, 'x')"


@pytest.fixture(scope="module")
def tenants(server: PostgresServer) -> PostgresServer:
    with psycopg.connect(server.dsn) as connection:
        for position, tenant in enumerate(["", "a", "b"], start=1):
            connection.execute(ROW, (position, position, tenant, position))
        connection.execute("insert into halt values ('a', true, 'r', 'x', 1)")
        connection.execute("insert into halt values ('b', true, 'r', 'x', 1)")
    return server


def test_a_tenant_sees_its_own_and_what_is_shared(tenants: PostgresServer) -> None:
    with psycopg.connect(tenants.tenant_dsn) as connection:
        see = "select tenant from journal order by position"
        assert connection.execute(see).fetchall() == [("",)]
        connection.execute("set assay.tenant = 'a'")
        assert connection.execute(see).fetchall() == [("",), ("a",)]
        assert connection.execute("select tenant from halt").fetchall() == [("a",)]
        connection.execute("set assay.tenant = '*'")
        assert connection.execute(see).fetchall() == [("",)]
    assert run_sql(tenants.dsn, "select count(*) from journal") == [(3,)]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into halt values ('a', false, 'r', 'x', 1)",
        "update halt set engaged = false",
        "select * from outbox",
        "select * from snapshot",
        "insert into journal select * from journal",
        "set role assay_platform",
        "alter table journal disable row level security",
    ],
)
def test_a_tenant_can_do_nothing_but_read(tenants: PostgresServer, statement: str) -> None:
    with (
        psycopg.connect(tenants.tenant_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement", ["update journal set kind = 'x'", "delete from journal", "truncate journal"]
)
@pytest.mark.parametrize("role", ["dsn", "admin_dsn"])
def test_the_journal_is_append_only(tenants: PostgresServer, role: str, statement: str) -> None:
    with (
        psycopg.connect(getattr(tenants, role)) as connection,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)),
    ):
        connection.execute(statement)


def test_the_roles_of_daily_work_are_no_owners(server: PostgresServer) -> None:
    rows = run_sql(
        server.admin_dsn,
        "select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname ~ '^assay_'",
    )
    assert rows == [(False, False, False)] * 2


def test_a_dump_fills_an_empty_database(tenants: PostgresServer, tmp_path: Path) -> None:
    path = dump_database(tenants.admin_dsn, tmp_path / "dump.tar.gz")
    dsn = add_database(tenants, "filled")
    migrate(dsn, tmp_path)
    load_database(dsn, path)
    see = "select * from journal order by position"
    assert run_sql(dsn, see) == run_sql(tenants.dsn, see)
    forced = "select relforcerowsecurity from pg_class where relname = 'journal'"
    assert run_sql(dsn, forced) == [(True,)]


@pytest.mark.parametrize("harm", [lambda b: b[: len(b) // 2], lambda b: b"junk", lambda b: b""])
def test_a_damaged_dump_is_refused_whole(
    tenants: PostgresServer, tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    path = dump_database(tenants.admin_dsn, tmp_path / "dump.tar.gz")
    path.write_bytes(harm(path.read_bytes()))
    dsn = add_database(tenants, f"harmed_{len(path.read_bytes())}")
    migrate(dsn, tmp_path)
    with pytest.raises(DataError):
        load_database(dsn, path)
    assert run_sql(dsn, "select count(*) from journal") == [(0,)]


def test_an_external_server_needs_no_superuser(server: PostgresServer, tmp_path: Path) -> None:
    run_sql(server.admin_dsn, "create role stranger login")
    add_database(server, "external", "owner stranger")
    dsn = f"postgresql://stranger@/external?host={server.place.sockets}"
    with pytest.raises(OperatorError, match="grant assay_platform to stranger"):
        ExternalPostgres(dsn)
    run_sql(server.admin_dsn, "grant assay_platform, assay_tenant to stranger")
    external = open_postgres(tmp_path, dsn)
    assert run_sql(external.dsn, "select current_user") == [("assay_platform",)]
    run_sql(external.dsn, ROW.replace("%s", "1"))
    assert run_sql(external.tenant_dsn, "select count(*) from journal") == [(0,)]
    dump = dump_database(external.admin_dsn, tmp_path / "dump.tar.gz")
    external.stop()
    add_database(server, "external_again", "owner stranger")
    again = open_postgres(tmp_path, dsn.replace("/external", "/external_again"))
    load_database(again.admin_dsn, dump)
    assert run_sql(again.dsn, "select position, tenant from journal") == [(1, "1")]


def test_an_external_server_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(RetryError, match=r"postgres\.dsn"):
        ExternalPostgres(f"host={tmp_path} dbname=x")
