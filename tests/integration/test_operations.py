"""The commands that look after an installation, as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from assay.runtime.home import open_home
from assay.runtime.stores.clickhouse import open_analytics, owner_pid, stop_owner
from assay.runtime.supervisor import platform_status

RUNS = (
    "import sys, typer\nfrom assay.apps.cli import operations\n"
    "from assay.apps.cli.console import run\n"
    "app = typer.Typer()\noperations.register(app)\nsys.exit(run(app))"
)


def command(*arguments: str, home: Path) -> list[str]:
    return [sys.executable, "-c", RUNS, *arguments, "--home", str(home)]


def answer(*arguments: str, home: Path, code: int = 0) -> dict[str, object]:
    done = subprocess.run(
        command(*arguments, "--json", home=home), capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_healthy_machine_passes_and_nothing_stays(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    report = answer("doctor", home=home.path)
    assert report["healthy"], report
    assert owner_pid(home) is None
    assert not platform_status(home)["postgres"]


def test_a_failed_check_exits_4_with_its_remedy(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    home.config_file.write_text("[postgres]\ndsn = 'host=127.0.0.1 port=1 password=hunter2'\n")
    report = answer("doctor", home=home.path, code=4)
    checks = {check["name"]: check for check in report["checks"]}  # type: ignore[attr-defined]
    assert checks["postgres"]["status"] == "failed"
    assert checks["postgres"]["remedy"]
    assert "hunter2" not in json.dumps(report)


def test_status_and_stop_of_an_idle_store(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    open_analytics(home, idle_s=60).close()
    assert answer("status", home=home.path)["analytics"] == owner_pid(home)
    assert answer("stop", home=home.path)["ended"] == ["analytics"]
    assert owner_pid(home) is None
    assert stop_owner(home)


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("config", "show", home=tmp_path / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0
