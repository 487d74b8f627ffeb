from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import typer

from assay.apps.cli import operations
from assay.apps.cli.console import HomeOption, JsonOption, emit, progress, run
from assay.model.errors import (
    DataError,
    InvariantError,
    OperatorError,
    RetryError,
    UsageError,
)
from assay.runtime.faults import load_faults
from assay.runtime.home import open_home

RAISED: dict[str, BaseException] = {
    "usage": UsageError("a is wrong"),
    "data": DataError("file x:\nline 3"),
    "operator": OperatorError("no disk"),
    "retry": RetryError("busy"),
    "invariant": InvariantError("2 + 2 is 5"),
    "defect": ZeroDivisionError("division by zero"),
    "interrupt": KeyboardInterrupt(),
}


def build() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)

    @app.command()
    def fail(kind: str, home: HomeOption = None) -> None:
        raise RAISED[kind]

    @app.command()
    def show(as_json: JsonOption = False) -> None:
        with progress("showing", 2) as bar:
            bar.advance()
            bar.describe("shown")
        emit({"cash": Decimal("1.50"), "bars": np.int64(3), "path": Path("a")}, as_json)

    operations.register(app)
    return app


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("usage", 2, "assay: error: a is wrong\n"),
        ("data", 3, "assay: error: file x: line 3\n"),
        ("operator", 4, "assay: error: no disk\n"),
        ("retry", 4, "assay: error: busy\n"),
        ("invariant", 1, "InvariantError: 2 + 2 is 5"),
        ("defect", 1, "ZeroDivisionError: division by zero"),
        ("interrupt", 130, ""),
    ],
)
def test_each_family_has_its_exit_code(
    kind: str, code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(build(), ["fail", kind, "--home", str(tmp_path / "home")]) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_fault_is_counted_in_the_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fail", "defect", f"--home={tmp_path / 'home'}"]
    assert [run(build(), arguments), run(build(), arguments)] == [1, 1]
    (fault,) = load_faults(open_home(tmp_path / "home"))
    assert fault.count == 2
    assert fault.fingerprint in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nope"], ["show", "--nope"], ["fail"], []])
def test_wrong_usage_exits_2_with_a_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(build(), arguments) == 2
    assert capsys.readouterr().err


def test_results_are_one_json_object_or_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(build(), ["show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"cash": "1.50", "bars": 3, "path": "a"}
    assert run(build(), ["show"]) == 0
    assert capsys.readouterr().out == "cash  1.50\nbars  3\npath  a\n"


@pytest.mark.parametrize(
    "arguments", [["status"], ["logs"], ["config", "show"], ["stop"]], ids=lambda a: a[0]
)
def test_operations_answer_on_an_idle_home(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path / "home")]
    assert run(build(), [*arguments, *home]) == 0
    capsys.readouterr()
    assert run(build(), [*arguments, *home, "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)
    assert run(build(), [*arguments, "--help"]) == 0
    assert "Example: assay " + arguments[0] in capsys.readouterr().out
