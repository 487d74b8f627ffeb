"""`assay open`: the way into the page."""

from __future__ import annotations

import sys
import webbrowser
from typing import Annotated

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.model.errors import RetryError
from assay.runtime.home import open_home

NoBrowserOption = Annotated[
    bool, typer.Option("--no-browser", help="Print the link; open no browser.")
]


ScraperOption = Annotated[
    bool, typer.Option("--scraper", help="Print a token that reads /metrics for a year instead.")
]


def open_page(
    no_browser: NoBrowserOption = False,
    scraper: ScraperOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a link to the page of the running `assay up`; it works once, for ten minutes.

    Example: assay open --no-browser
    """
    from assay.apps.gateway.address import issue_url
    from assay.people.access import LocalAccess

    opened = open_home(home)
    if scraper:
        emit({"token": LocalAccess(opened).issue_scraper()}, as_json, lambda told: told["token"])
        return
    if not opened.is_locked("up"):
        raise RetryError(f"nothing runs on home {opened.path}; start it with `assay up`")
    url = issue_url(opened)
    if not no_browser and not as_json and sys.stdout.isatty():
        webbrowser.open(url)
    emit({"url": url}, as_json, lambda found: str(found["url"]))
