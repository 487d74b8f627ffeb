"""Backup, restore and removal of a home, through the command line."""

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from assay.apps.cli.backup import register
from assay.apps.cli.console import run
from assay.model.messages import HomeRestored, Tick
from assay.people.access import LocalAccess
from assay.runtime.home import open_home
from assay.runtime.journal import Batch, PostgresJournal
from assay.runtime.stores.postgres import (
    HEAD,
    is_running,
    migrate,
    open_postgres,
    remove_postgres,
    start_postgres,
)


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    program = typer.Typer()
    register(program)
    return program


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    both = (tmp_path / "old", tmp_path / "new")
    yield both
    for home in both:
        if home.exists():
            remove_postgres(home)


def tick(number: int) -> Tick:
    return Tick(id=number, ts_event=1, ts_init=1, symbol="X", bid=1, ask=2)


def fill(home: Path) -> None:
    opened = open_home(home)
    opened.config_file.write_text("[account]\ncash = 5000\n")
    parts = opened.folder("analytics/store")
    (parts / "part.bin").write_bytes(bytes(range(256)) * 1000)
    (opened.folder("analytics/data") / "link").symlink_to(parts)
    (opened.folder("locks") / "x.lock").write_text("")
    LocalAccess(opened).issue_link()
    server = open_postgres(home)
    journal = PostgresJournal(server.dsn)
    journal.commit(Batch([tick(1), tick(2)]))
    journal.close()
    server.stop()


def read_ids(home: Path) -> list[int]:
    server = open_postgres(home)
    journal = PostgresJournal(server.dsn)
    messages = [each.message for each in journal.read()]
    found = [each.id for each in messages if not isinstance(each, HomeRestored)]
    journal.close()
    server.stop()
    return found


def call(app: typer.Typer, capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    code = run(app, [str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out or captured.err


def test_a_home_comes_back_elsewhere_and_goes_without_a_trace(
    app: typer.Typer, homes: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = homes
    archive = tmp_path / "home.tar.gz"
    fill(old)
    running = start_postgres(old)
    code, out = call(app, capsys, "backup", archive, "--home", old, "--json")
    assert (code, json.loads(out)["database"]) == (0, True)
    assert archive.stat().st_mode & 0o777 == 0o600
    code, out = call(app, capsys, "home", "remove", "--home", old, "--yes")
    assert code == 4
    assert "in use" in out
    running.stop()

    code, out = call(app, capsys, "restore", archive, "--home", new, "--json")
    assert code == 0, out
    assert (new / "config.toml").read_text() == (old / "config.toml").read_text()
    assert (new / "analytics/data/link").readlink() == Path("../store")
    part = "analytics/store/part.bin"
    assert (new / part).read_bytes() == (old / part).read_bytes()
    assert not (new / "locks" / "x.lock").exists()
    assert read_ids(new) == [1, 2]

    (new / "mine.txt").write_text("not yours")
    code, out = call(app, capsys, "home", "remove", "--home", new, "--yes", "--json")
    assert (code, json.loads(out)["left"]) == (0, ["mine.txt"])
    assert [entry.name for entry in new.iterdir()] == ["mine.txt"]
    code, out = call(app, capsys, "home", "remove", "--home", old, "--yes", "--json")
    assert (code, old.exists(), is_running(old)) == (0, False, False)


def test_a_used_home_is_replaced_only_by_force_and_saved_first(
    app: typer.Typer, homes: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = homes
    archive = tmp_path / "home.tar.gz"
    server = start_postgres(old)
    open_home(tmp_path / "mark")
    (old / "home.json").write_bytes((tmp_path / "mark" / "home.json").read_bytes())
    migrate(server.admin_dsn, old / "backups", "0001")
    server.stop()
    assert call(app, capsys, "backup", archive, "--home", old)[0] == 0
    fill(new)
    (new / "analytics/store/newer.bin").write_text("x")
    code, out = call(app, capsys, "restore", archive, "--home", new)
    assert code == 2
    assert "--force" in out
    assert read_ids(new) == [1, 2]
    assert call(app, capsys, "restore", archive, "--home", new, "--force")[0] == 0
    assert read_ids(new) == []
    assert sorted(path.name for path in (new / "backups").iterdir()) == [
        "before-restore-1.tar.gz",
        f"before-schema-{HEAD}-1.tar.gz",
    ]


def test_a_damaged_archive_changes_nothing(
    app: typer.Typer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, archive = tmp_path / "old", tmp_path / "home.tar.gz"
    opened = open_home(old)
    (opened.folder("analytics") / "part.bin").write_bytes(os.urandom(50_000))
    assert call(app, capsys, "backup", archive, "--home", old)[0] == 0
    whole = archive.read_bytes()
    harmed = {
        "cut": whole[: len(whole) // 2],
        "turned": whole[:20_000] + bytes([whole[20_000] ^ 1]) + whole[20_001:],
        "empty": b"",
        "swapped": swap(archive, tmp_path / "swapped.tar.gz"),
    }
    for name, content in harmed.items():
        bad, home = tmp_path / f"bad-{name}.tar.gz", tmp_path / f"home-{name}"
        bad.write_bytes(content)
        code, out = call(app, capsys, "restore", bad, "--home", home)
        assert (name, code) == (name, 3)
        assert bad.name in out
        assert {entry.name for entry in home.iterdir()} <= {"home.json", "locks", "faults"}
    code, out = call(app, capsys, "restore", tmp_path / "none.tar.gz", "--home", tmp_path / "h")
    assert code == 3


def swap(source: Path, target: Path) -> bytes:
    """Return an archive whose file was exchanged, its gzip sums being right."""
    import io

    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for entry in old:
            file = old.extractfile(entry)
            content = file.read() if file else b""
            if entry.name.endswith("part.bin"):
                content = b"0" * len(content)
            new.addfile(entry, io.BytesIO(content))
    return target.read_bytes()


def test_an_entry_that_leads_outside_is_refused(
    app: typer.Typer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    for name in ("../escaped", "/tmp/escaped-assay"):
        path = tmp_path / "evil.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            entry = tarfile.TarInfo(name)
            entry.size = 1
            archive.addfile(entry, io.BytesIO(b"x"))
        code, out = call(app, capsys, "restore", path, "--home", tmp_path / "home")
        assert code == 3
        assert "outside" in out
    assert not (tmp_path / "escaped").exists()


def test_nothing_but_a_home_is_removed(
    app: typer.Typer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "logs").mkdir()
    assert call(app, capsys, "home", "remove", "--home", folder, "--yes")[0] == 2
    assert call(app, capsys, "home", "remove", "--home", tmp_path / "absent", "--yes")[0] == 2
    assert not (tmp_path / "absent").exists()
    assert (folder / "logs").exists()
    with open_home(tmp_path / "home").lock("platform"):
        code, out = call(app, capsys, "home", "remove", "--home", tmp_path / "home", "--yes")
    assert code == 4
    assert "'platform'" in out


def test_who_is_signed_in_is_in_no_backup(
    homes: tuple[Path, Path], app: typer.Typer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old, new = homes
    fill(old)
    archive = tmp_path / "kept.tar.gz"
    assert call(app, capsys, "backup", archive, "--home", old)[0] == 0
    with tarfile.open(archive) as packed:
        assert not [name for name in packed.getnames() if "access" in name]
    LocalAccess(open_home(new)).issue_link()
    assert call(app, capsys, "restore", archive, "--home", new)[0] == 0
