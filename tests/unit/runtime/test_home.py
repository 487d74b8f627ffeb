from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assay.model.errors import AssayError, OperatorError, RetryError, UsageError
from assay.runtime.clock import SimClock
from assay.runtime.home import open_home


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_home_is_private_and_its_parents_are_untouched(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    home = open_home(tmp_path / "a" / "home")
    assert home.path == tmp_path / "a" / "home"
    assert [mode_of(home.path), mode_of(home.path.parent), mode_of(home.folder("x/y"))] == [
        0o700, 0o700, 0o700,
    ]  # fmt: skip
    assert mode_of(tmp_path) == 0o755


def test_an_existing_folder_keeps_its_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    folder.chmod(0o750)
    open_home(folder)
    open_home(folder)
    assert mode_of(folder) == 0o750


def test_the_variable_names_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "named"))
    assert open_home().path == tmp_path / "named"


def test_a_symlink_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert open_home(tmp_path / "link").path == tmp_path / "real"
    assert open_home(tmp_path / "link") == open_home(tmp_path / "real")


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match=r"thesis\.tex"):
        open_home(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_with_only_a_configuration_becomes_a_home(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    assert open_home(tmp_path).config_file == tmp_path / "config.toml"


def test_what_cannot_be_a_home_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "loop"):
        with pytest.raises(OperatorError, match="--home"):
            open_home(path)


def test_a_home_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    (home.path / "home.json").write_text('{"format": 99, "created": 1}')
    with pytest.raises(OperatorError, match="format 99"):
        open_home(home.path)
    (home.path / "home.json").write_text("{")
    with pytest.raises(AssayError, match="damaged"):
        open_home(home.path)


def test_racing_threads_make_one_home(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            open_home(tmp_path / "home").folder("logs")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["home.json", "logs"]


def test_a_taken_lock_names_its_holder(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home", SimClock(0))
    with home.lock("up"):
        assert home.is_locked("up")
        with pytest.raises(RetryError, match=rf"'up' .* process {os.getpid()} since 1970-01-01"):
            home.lock("up")
        with pytest.raises(RetryError, match="'up'"):
            home.wait_lock("up", seconds=0)
    assert not home.is_locked("up")
    home.lock("up").release()


def test_a_lock_vanishes_with_a_killed_holder(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    code = (
        "import os, sys; from pathlib import Path; from assay.runtime.home import open_home\n"
        "lock = open_home(Path(sys.argv[1])).lock('up'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(home.path)], check=False)
    assert not home.is_locked("up")
    home.lock("up").release()


def test_too_little_space_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    home.require_space(1)
    with pytest.raises(OperatorError, match="are needed"):
        home.require_space(10**18)
    with pytest.raises(UsageError, match="outside"):
        home.folder("../elsewhere")
