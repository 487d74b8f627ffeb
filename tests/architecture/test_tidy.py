"""Sizes and names: the limits hold, and each is seen to catch what it is for."""

from pathlib import Path

import pytest

from tools.tidy import ROOT, find_breaches, judge, measure_file, read_exceptions, tracked_files

EXCEPTIONS = Path(__file__).parent / "tidy_exceptions.txt"
EXCEPTIONS_MOST = 0
"""The number of exceptions may only shrink: lower this when one is removed, never raise it."""

FILE_BYTES = 1_500_000


def test_sources_keep_the_limits() -> None:
    assert judge(find_breaches(), read_exceptions(EXCEPTIONS)) == []


def test_exceptions_only_shrink() -> None:
    assert len(read_exceptions(EXCEPTIONS)) <= EXCEPTIONS_MOST


def test_no_tracked_file_is_large() -> None:
    large = [str(path) for path in tracked_files() if path.stat().st_size > FILE_BYTES]
    assert large == []


@pytest.mark.parametrize(
    ("name", "source", "rule"),
    [
        ("long.py", "def f():\n" + "    x = 1\n" * 70, "lines"),
        ("long_file.py", "x = 1\n" * 501, "lines"),
        ("wide.py", "def f(a, b, c, d, e, f, g): ...\n", "parameters"),
        (
            "deep.py",
            "def f(x):\n if x:\n  for y in x:\n   while y:\n    with y:\n     if y: y()\n",
            "depth",
        ),
        ("string_utils.py", "x = 1\n", "word"),
        ("common/names.py", "x = 1\n", "word"),
        ("orders.py", "class OrderManager: ...\n", "word"),
    ],
)
def test_a_breach_is_found(tmp_path: Path, name: str, source: str, rule: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, encoding="utf-8")
    breaches = list(measure_file(path, tmp_path))
    assert {breach.rule for breach in breaches} == {rule}
    assert judge(breaches, {breaches[0].key: breaches[0].value}) == []


def test_an_elif_chain_and_an_inner_function_are_no_depth(tmp_path: Path) -> None:
    chain = "def f(x):\n if x == 0: y = 0\n" + "".join(f" elif x == {i}: y = 0\n" for i in range(9))
    path = tmp_path / "chain.py"
    path.write_text(chain, encoding="utf-8")
    assert list(measure_file(path, tmp_path)) == []


def test_an_exception_that_is_not_needed_is_reported() -> None:
    assert judge([], {"src/gone.py:f:lines": 80}) != []


def test_limits_of_the_contributing_page_are_those_of_the_tool() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for limit in ("70 lines", "500 lines", "600 lines", "6 parameters", "4 levels"):
        assert limit in text
