"""The examples of the documents run; what they name exists."""

import re
import tomllib
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import msgspec
import pytest

from assay.apps.config import Config
from tests.architecture.documents import DOCUMENTS, Block, Desk, find_blocks
from tools.tidy import ROOT

COMMAND = re.compile(r"^\s*assay ([a-z]+(?: [a-z-]+)?)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)\)")


SHELL_BLOCKS = groupby(find_blocks("sh"), attrgetter("document"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.clear()


@pytest.mark.running
@pytest.mark.parametrize(
    "blocks", [pytest.param([*blocks], id=path.name) for path, blocks in SHELL_BLOCKS]
)
@pytest.mark.long
def test_shell_examples_run_one_after_another(desk: Desk, blocks: list[Block]) -> None:
    for block in blocks:
        done = desk.run_shell(block.code)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    if blocks[0].document.stem == "README":
        assert_both_drivers_agree(desk.folder)


def assert_both_drivers_agree(folder: Path) -> None:
    sweep, replay = (
        msgspec.json.decode((folder / f"{driver}.json").read_bytes())
        for driver in ("sweep", "replay")
    )
    assert sweep["digest"] == replay["digest"], (sweep, replay)
    assert sweep["fills"] > 0


@pytest.mark.running
@pytest.mark.parametrize("block", find_blocks("python"), ids=str)
def test_python_example_runs(tmp_path: Path, block: Block) -> None:
    done = Desk(tmp_path).run_python(block.code)
    assert done.returncode == 0, f"{block}\n{done.stderr}"


@pytest.mark.parametrize("block", find_blocks("toml"), ids=str)
def test_settings_shown_are_settings(block: Block) -> None:
    shown = tomllib.loads(block.code)
    taken = msgspec.to_builtins(msgspec.convert(shown, Config, strict=False))
    assert all(values.items() <= taken[name].items() for name, values in shown.items())


def _example_commands() -> list[str]:
    found = {
        match.group(1) for block in find_blocks("sh") for match in COMMAND.finditer(block.code)
    }
    return sorted(found)


def test_the_examples_show_the_main_commands() -> None:
    first_words = {command.split()[0] for command in _example_commands()}
    assert {"import", "data", "backtest", "up", "status", "stop", "ledger"} <= first_words


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    near = [link for link in LINK.findall(text) if "://" not in link]
    assert [link for link in near if not (document.parent / link).exists()] == []


def test_verbs_of_the_readme_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    verbs = set(re.findall(r"\bmake ([a-z]+)\b", readme))
    assert {"up", "test", "check"} <= verbs
    assert [verb for verb in sorted(verbs) if f"\n{verb}:" not in makefile] == []


def test_places_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:src|tests|benches|docs|schema)/[^`]*)`", readme)
    places = {name.split("<")[0] for name in named}
    assert places
    assert [place for place in sorted(places) if not (ROOT / place).exists()] == []
