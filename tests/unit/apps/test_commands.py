"""A command is found by its word alone, and is the same as among all others."""

import pytest
import typer

from assay.apps.cli.console import run
from assay.apps.cli.main import COMMANDS, build


def words_of(app: typer.Typer) -> list[str]:
    """Return the words that an application knows."""
    return [*typer.main.get_command(app).commands]  # type: ignore[attr-defined]


def test_each_file_adds_what_is_said_of_it() -> None:
    told = [word for words in COMMANDS.values() for word in words.split()]
    assert len(told) == len(set(told)) == len(words_of(build()))
    for words in COMMANDS.values():
        for word in words.split():
            assert sorted(words_of(build(word))) == sorted(words.split())


def test_whoever_names_none_sees_all(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("", "--help", "backtests"):
        assert len(words_of(build(word))) == len(words_of(build()))
    assert run(build("backtests"), ["backtests"]) == 2
    assert "Did you mean 'backtest'" in capsys.readouterr().err
