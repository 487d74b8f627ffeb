"""The page's types are those of the gateway's views."""

from tools.generate_page_types import PATH, generate


def test_the_committed_types_are_those_of_the_views() -> None:
    assert PATH.read_text(encoding="utf-8") == generate(), (
        "run `python -m tools.generate_page_types`"
    )
