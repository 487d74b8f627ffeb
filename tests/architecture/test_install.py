"""The installation says what is missing before it changes anything."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.install_packages import read_settings, translate_settings
from tools.tidy import ROOT

BASE_PYTHON = Path(getattr(sys, "_base_executable", sys.executable))
PROGRAMS = ("awk", "bash", "cat", "cksum", "dirname", "env", "grep", "head", "rm")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy what the installation reads, and a PATH with only what it calls."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "tools/install.sh", tmp_path / "tools")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in PROGRAMS:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def _write_program(folder: Path, name: str, text: str) -> None:
    path = folder / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def _install(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return subprocess.run(
        ["bash", "tools/install.sh"],
        cwd=folder,
        env={"PATH": str(folder / "bin"), **kept, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_suitable_python_is_named(checkout: Path) -> None:
    done = _install(checkout)
    assert done.returncode == 4
    assert "no Python 3.11, 3.12 or 3.13" in done.stderr
    assert not (checkout / ".venv").exists()


def test_another_version_does_not_do(checkout: Path) -> None:
    _write_program(checkout, "python3", "exit 1")
    assert _install(checkout).returncode == 4


def test_a_full_disk_is_named_before_anything_is_made(checkout: Path) -> None:
    _write_program(checkout, "df", "echo header\necho disk 100 90 10 90% /")
    done = _install(checkout, PYTHON=str(BASE_PYTHON))
    assert done.returncode == 4
    assert "10 MB free" in done.stderr
    assert not (checkout / ".venv").exists()


def test_deep_asks_for_more_disk(checkout: Path) -> None:
    _write_program(checkout, "df", "echo header\necho disk 100 90 4000 90% /")
    done = _install(checkout, PYTHON=str(BASE_PYTHON), EXTRA="deep")
    assert done.returncode == 4
    assert "needs 6000 MB" in done.stderr


LISTING = """:env:.find-links='/srv/wheels /srv/more'
:env:.timeout='20'
global.cert='/etc/ssl/corporate.pem'
global.find-links='/old'
global.index_url='https://one.example/simple'
install.index_url='https://two.example/simple'
install.trusted-host=''
"""


def test_what_pip_is_told_uv_is_told() -> None:
    assert translate_settings(read_settings(LISTING)) == {
        "SSL_CERT_FILE": "/etc/ssl/corporate.pem",
        "UV_DEFAULT_INDEX": "https://two.example/simple",
        "UV_FIND_LINKS": "/srv/wheels,/srv/more",
    }
