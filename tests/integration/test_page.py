"""The page in a real browser: the market moves, decisions have reasons, the switch holds."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

from assay.model.time import Timeframe
from assay.runtime.clock import wait_for
from assay.runtime.home import open_home
from assay.runtime.stores.postgres import remove_postgres
from assay.trading.risk.catalogue import RULES
from tests.integration.killing import ASSAY, LONG_S, kill_all, processes_of
from tests.replay.taught import make_model
from tools.tidy import ROOT

pytestmark = pytest.mark.running

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
AXE = ROOT / "dashboard/node_modules/axe-core/axe.min.js"
ADDRESS = re.compile(r"(http://\S+)/open\?token=\S+")
HALTED_S = 1_800
"""At 60 seconds of the market a second, the switch is watched for 30 seconds."""
PROBABILITY = re.compile(r"p (long|short) 0\.\d{3}")
NO_EDGE = "expected value after costs is not above 0"
REASON = "odd prices, said the browser"
LONG_MS = LONG_S * 1000


def find_browser() -> str | None:
    """Return the browser to test with: $ASSAY_CHROMIUM, else an installed one."""
    named = os.environ.get("ASSAY_CHROMIUM")
    return named or next((found for found in map(shutil.which, BROWSERS) if found), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine; .ci/run installs it")
        pytest.skip("NOT RUN: no Chromium; install one, or name it with ASSAY_CHROMIUM")
    # The sandbox of Chromium refuses to run as root, where it could hold nothing back anyway.
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("desk") / "home"
    models = open_home(path).folder("models")
    make_model(models, ready_from=0, timeframe=Timeframe.M1, is_doubtful=True)
    yield path
    kill_all(processes_of(path))
    remove_postgres(path)


@contextmanager
def platform(home: Path, log: Path) -> Iterator[str]:
    """Run `assay up` as a person does; yield the one-time address that it prints."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    model = next((home / "models").glob("lightgbm-*")).name
    words = ["--source", "sim", "--model", model, "--no-browser", "--plain", "--port", str(port)]
    command = [*ASSAY, "up", *words, "--home", str(home)]
    with log.open("wb") as told:
        up = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)

    def is_told() -> bool:
        return up.poll() is not None or ADDRESS.search(log.read_text()) is not None

    try:
        assert wait_for(is_told, seconds=LONG_S)
        found = ADDRESS.search(log.read_text())
        assert found is not None, log.read_text()
        yield found.group()
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(LONG_S) == 130, log.read_text()


def ask(page: Page, path: str) -> Any:
    """Return what the gateway answers to the page's own browser."""
    return page.evaluate("path => fetch(path).then(answer => answer.json())", path)


def has_axe_found(page: Page) -> list[str]:
    """Return what axe finds critical or serious."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['target']}"
        for each in found
        if each["impact"] in ("critical", "serious")
    ]


def overflows(page: Page) -> bool:
    found: bool = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return found


def await_moves(page: Page, moves: int) -> set[str]:
    """Wait until the last close was seen to change so often within ten seconds."""
    page.evaluate(
        """() => {
          const target = document.querySelector('[data-testid=last-close]');
          window.closes = new Set([target.textContent]);
          const see = () => window.closes.add(target.textContent);
          new MutationObserver(see).observe(target, {
            characterData: true, childList: true, subtree: true,
          });
        }"""
    )
    # The page's policy forbids eval, so Playwright's own waiting for a script does not work.
    wait_for(lambda: page.evaluate("window.closes.size") > moves, seconds=10)
    return set(page.evaluate("[...window.closes]"))


def shows_what_the_gateway_answers(page: Page) -> bool:
    """Compare the last close with the API's, both read before the next quote can be drawn."""
    return bool(
        page.evaluate(
            """async () => {
              const read = () => document.querySelector('[data-testid=last-close]').textContent;
              const before = read();
              const answer = await fetch('/api/bars?symbol=EURUSD&timeframe=M1&limit=1');
              const { bars, digits } = await answer.json();
              return [before, read()].includes(bars.at(-1).close.toFixed(digits));
            }"""
        )
    )


def watch_orders(page: Page) -> set[str]:
    """Return the keys of the orders that were not denied; let the page gather such from now on.

    It looks all the while, whatever else is done: denials push old orders off.
    """
    found = page.evaluate(
        """async () => {
          window.sent = new Set();
          window.look = async () => {
            const { orders } = await (await fetch('/api/snapshot')).json();
            orders.filter((each) => each.state !== 'denied').map((each) => sent.add(each.key));
          };
          await look();
          window.looking = setInterval(look, 1000);
          return [...sent];
        }"""
    )
    return set(found)


def stop_watching(page: Page) -> set[str]:
    """Look once more; return the keys of the orders that were not denied at any look."""
    return set(page.evaluate("clearInterval(looking), look().then(() => [...sent])"))


def market_seconds(page: Page) -> float:
    """Return the time of the market's newest quote."""
    told = max(each["time"] for each in ask(page, "/api/snapshot")["symbols"])
    return datetime.fromisoformat(told).timestamp()


def row_of(page: Page, outcome: str) -> Locator:
    return page.locator(f"[data-testid=decision-row][data-outcome={outcome}]")


def see_what_a_model_decides(page: Page) -> None:
    """Wait for an entry with its probability, and an abstention with its reason."""
    expect(row_of(page, "enter").first).to_contain_text(PROBABILITY, timeout=LONG_MS)
    expect(row_of(page, "enter").first).to_contain_text("after costs at the lower bound")
    abstained = row_of(page, "abstain").first
    expect(abstained).to_contain_text(NO_EDGE, timeout=LONG_MS)
    assert row_of(page, "hold").count() == 0
    page.get_by_role("group", name="Outcome").get_by_text("abstain").click()
    expect(row_of(page, "enter")).to_have_count(0)
    row_of(page, "abstain").first.click()
    detail = page.get_by_test_id("decision-detail")
    for told in (NO_EDGE, "probability: mid is higher", "rsi 14", "standard."):
        expect(detail).to_contain_text(told)
    page.keyboard.press("Escape")
    expect(detail).to_have_count(0)
    page.get_by_role("group", name="Outcome").get_by_text("all").click()


def see_what_the_rules_measured(page: Page) -> None:
    """Open an order's decision: each rule tells measure, limit and verdict, also on a phone."""
    row_of(page, "enter").first.click()
    detail = page.get_by_test_id("decision-detail")
    spread = detail.locator("[data-rule=spread_too_wide]")
    expect(spread).to_contain_text(re.compile(r"passed\s*\d+\.\d pips\s*\u2264\s10\.0 pips"))
    expect(detail.locator("[data-rule=margin]")).to_contain_text("USD")
    expect(detail.get_by_test_id("rule-checks").locator("tbody tr")).to_have_count(len(RULES))
    assert has_axe_found(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert not detail.evaluate("each => each.scrollWidth > each.clientWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.keyboard.press("Escape")
    expect(detail).to_have_count(0)


def download(page: Page, name: str) -> tuple[str, bytes]:
    """Press a button of the chart that saves a file; return the file's name and bytes."""
    with page.expect_download() as waited:
        page.get_by_role("button", name=name, exact=True).click()
    return waited.value.suggested_filename, Path(waited.value.path()).read_bytes()


def choose_and_save_bars(page: Page) -> None:
    """Choose timeframes by key, and take with one what the chart shows: figures and picture."""
    frames = page.get_by_role("group", name="Timeframe")
    page.locator("#chart").focus()
    for key, name in (("2", "M5"), ("1", "M1")):
        page.keyboard.press(key)
        expect(frames.get_by_text(name, exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Picture")).to_be_enabled(timeout=LONG_MS)
    name, told = download(page, "CSV")
    head, first, *rows = told.decode().splitlines()
    assert head.startswith("time_utc,open,high,low,close,spread,volume,forming,p_rise")
    assert name.startswith("EURUSD_M1_" + re.sub(r"[-:]", "", first[:16]))
    assert 10 < len(rows) < 1_000
    name, picture = download(page, "Picture")
    assert (name[-4:], picture[:8]) == (".png", b"\x89PNG\r\n\x1a\n")
    page.get_by_role("button", name="Table").click()
    expect(page.get_by_role("button", name="Picture")).to_be_disabled()
    assert has_axe_found(page) == []
    assert len(download(page, "CSV")[1].splitlines()) == 101
    page.get_by_role("button", name="Table").click()


def ask_by_hand(page: Page, reason: str) -> str:
    """Answer the question on the screen; return what the platform says came of it."""
    dialog, confirm = page.get_by_role("dialog"), page.get_by_test_id("hand-confirm")
    expect(confirm).to_be_disabled()
    assert has_axe_found(page) == []
    dialog.get_by_label("Reason").fill(reason)
    confirm.click()
    told = page.get_by_test_id("hand-told")
    expect(told).not_to_be_empty(timeout=LONG_MS)
    text = told.text_content() or ""
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    return text


def order_by_hand(page: Page) -> None:
    """Let an order wait well below the market, and take it back; look at the last resort."""
    page.locator("#book-orders").click()
    page.get_by_role("button", name="Order EURUSD").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="limit", exact=True).click()
    dialog.get_by_label("Lots").fill("0.01")
    bid = ask(page, "/api/snapshot")["symbols"][0]["bid"]
    dialog.get_by_label("Price").fill(f"{bid * 0.99:.5f}")
    dialog.get_by_label("Stop").fill(f"{bid * 0.98:.5f}")
    expect(dialog).to_contain_text("pips away")
    key = re.search(r"order (\d+) is sent", ask_by_hand(page, "a dip"))
    assert key is not None
    page.get_by_role("button", name=f"Cancel {key[1]}").click(timeout=LONG_MS)
    assert ask_by_hand(page, "no dip") == f"order {key[1]} is cancelled."
    page.get_by_role("button", name="Flatten").click()
    expect(page.get_by_role("dialog")).to_contain_text("each seen through until it is flat")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def engage(page: Page) -> None:
    page.get_by_test_id("kill-switch").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Denies every new order")
    expect(page.get_by_test_id("kill-confirm")).to_be_disabled()
    assert has_axe_found(page) == []
    page.get_by_test_id("kill-reason").fill(REASON)
    page.get_by_test_id("kill-confirm").click()
    expect(page.get_by_test_id("halt-banner")).to_contain_text(REASON, timeout=LONG_MS)


def hold_entries_back(page: Page, home: Path) -> None:
    """Hold entries back from another program; the page says so, and that they are let go."""
    reason, banner = "a strike at the exchange", page.get_by_test_id("entries-banner")
    for act in ("halt", "release"):
        words = [*ASSAY, "entries", act, "--reason", reason, "--home", str(home)]
        subprocess.run(words, check=True, capture_output=True, timeout=LONG_S)
        if act == "halt":
            expect(banner).to_contain_text(reason, timeout=LONG_MS)
            assert has_axe_found(page) == []
    expect(banner).to_have_count(0, timeout=LONG_MS)


def look_around(page: Page) -> None:
    """Look at every part of the page, wide and on a phone, with axe."""
    page.get_by_test_id("decision-row").first.click()
    expect(page.get_by_test_id("decision-detail")).to_contain_text("Risk checks")
    assert has_axe_found(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("decision-detail")).to_have_count(0)
    for book in ("orders", "fills", "equity", "twin", "limits", "alerts", "positions"):
        page.locator(f"#book-{book}").click()
        assert has_axe_found(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    for view in ("watch", "decisions", "positions", "more", "desk"):
        page.locator(f"#view-{view}").click()
        assert not overflows(page)
        assert has_axe_found(page) == []
        expect(page.get_by_test_id("kill-switch")).to_be_in_viewport()
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.long
def test_the_desk_from_the_first_quote_to_the_halt_and_back(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    faults: list[str] = []
    size = ViewportSize(width=1440, height=900)
    # Still, so that axe never measures the contrast of a dialog that is half faded in.
    with browser.new_context(viewport=size, reduced_motion="reduce") as context:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        with platform(home, tmp_path / "first.log") as address:
            page.goto(address)
            expect(page.get_by_test_id("last-close")).to_contain_text(".", timeout=LONG_MS)
            assert len(await_moves(page, 5)) > 5
            assert wait_for(lambda: shows_what_the_gateway_answers(page), seconds=LONG_S)
            order_by_hand(page)
            worth = page.get_by_test_id("equity").text_content() or ""
            see_what_a_model_decides(page)
            see_what_the_rules_measured(page)
            expect(page.get_by_test_id("equity")).not_to_have_text(worth, timeout=LONG_MS)
            expect(page.get_by_test_id("data-age")).to_have_attribute("data-state", "live")
            look_around(page)
            engage(page)
            held, begun = watch_orders(page), market_seconds(page)
            # What a halt does not touch is seen while it is watched.
            choose_and_save_bars(page)
            hold_entries_back(page, home)
            assert wait_for(lambda: market_seconds(page) >= begun + HALTED_S, seconds=LONG_S)
            assert stop_watching(page) == held
            assert len(await_moves(page, 1)) > 1
        expect(page.get_by_test_id("lost-banner")).to_be_visible(timeout=LONG_MS)
        with platform(home, tmp_path / "second.log") as address:
            page.goto(address)
            expect(page.get_by_test_id("halt-banner")).to_contain_text(REASON, timeout=LONG_MS)
            page.get_by_test_id("resume").click()
            page.get_by_test_id("kill-reason").fill("prices are sane again")
            page.get_by_test_id("kill-confirm").click()
            expect(page.get_by_test_id("halt-banner")).to_have_count(0, timeout=LONG_MS)
    assert faults == []
