"""A provider of quotes, by stream and by page, as the source of a connector."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from assay.apps.bridge.tokens import write_private
from assay.apps.edge.provider import ProviderTerminal, open_provider
from assay.apps.edge.providerfile import Provider, read_provider
from assay.model.errors import OperatorError, UsageError
from assay.runtime.clock import SystemClock, require_within
from assay.runtime.environment import child_environment
from assay.runtime.logs import open_log
from tests.sim.edging import make_desk, running_bridge
from tests.sim.terminals import PROGRAM, end

START_MSC = 1_700_000_000_000
STREAM = """
url = "ws://127.0.0.1:{port}/quotes"
key_file = "quotes.key"
headers = {{Authorization = "Bearer {{key}}"}}
hello = ['{{"subscribe": "{{symbols}}"}}']
rows = "prices"
symbol = "instrument"
bid = "bids.0.price"
ask = "asks.0.price"
time = "at"
symbols = {{EUR_USD = 5, XAU_USD = 2}}
"""


def price(number: int, name: str = "EUR_USD") -> dict[str, object]:
    bid = 1.1 + number % 50 / 1e5
    return {
        "instrument": name, "at": START_MSC + 7 * number,
        "bids": [{"price": f"{bid:.5f}"}], "asks": [{"price": f"{bid + 1e-4:.5f}"}],
    }  # fmt: skip


class Streamer:
    """Speak to whoever listens; after `cut_after` messages the line is cut."""

    def __init__(self, count: int, cut_after: int) -> None:
        self.count, self.cut_after = count, cut_after
        self.sent, self.hellos, self.keys = 0, list[str](), list[str]()

    def speak(self, line: ServerConnection) -> None:
        assert line.request is not None
        self.keys.append(line.request.headers["Authorization"])
        self.hellos.append(str(line.recv()))
        line.send(json.dumps({"heartbeat": True}))
        try:
            for place in range(self.cut_after):
                if self.sent == self.count:
                    line.recv()  # until the other end goes
                # What was said last is said again to whoever comes anew.
                first = max(0, self.sent - (place == 0))
                line.send(json.dumps({"prices": [price(k) for k in range(first, self.sent + 1)]}))
                self.sent += 1
        except ConnectionClosed:
            pass


@contextmanager
def speaking(streamer: Streamer) -> Iterator[int]:
    server: Server = serve(streamer.speak, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        thread.join(10)


def test_a_connector_sends_a_providers_quotes_each_once(tmp_path: Path) -> None:
    desk, streamer = make_desk(tmp_path), Streamer(120, cut_after=50)
    write_private(tmp_path / "quotes.key", b"s3cret\n")
    write_private(tmp_path / "token", desk.grant.token.encode())
    with running_bridge(desk.home) as bridge, speaking(streamer) as port:
        (tmp_path / "provider.toml").write_text(STREAM.format(port=port), encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "connector",
             "--terminal", f"feed:{tmp_path / 'provider.toml'}", "--symbols", "EURUSD=EUR_USD",
             "--edge", "desk", "--folder", str(tmp_path / "edge"),
             "--token-file", str(tmp_path / "token")],
            env=child_environment({"BACKEND_URL": f"http://127.0.0.1:{bridge.port}"}),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            require_within(lambda: desk.count() >= 120, "every quote", seconds=60)
        finally:
            said = end(process, kill=False)
    assert [each.time_msc for each in desk.ticks] == [price(k)["at"] for k in range(120)]
    assert {each.symbol for each in desk.ticks} == {"EURUSD"}
    assert {each.ts for each in desk.ticks} == {each.time_msc * 1_000_000 for each in desk.ticks}
    assert {each.ask - each.bid for each in desk.ticks} == {10}
    assert len(streamer.hellos) == 3
    assert set(streamer.hellos) == {'{"subscribe": "EUR_USD,XAU_USD"}'}
    assert set(streamer.keys) == {"Bearer s3cret"}
    assert "s3cret" not in said


class Page(BaseHTTPRequestHandler):
    """Answer with a table of quotes by symbol; every third time not at all."""

    asked = 0

    def do_GET(self) -> None:
        Page.asked += 1
        if Page.asked % 3 == 0:
            self.send_error(503)
            return
        body = json.dumps({"quotes": {"EURUSD": {"b": 1.1 + Page.asked // 2 / 1e5, "a": 1.2}}})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


def test_a_page_is_asked_again_and_again(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    file = tmp_path / "provider.toml"
    file.write_text(
        f'url = "http://127.0.0.1:{server.server_port}/?day=1"\nrows = "quotes"\nbid = "b"\n'
        'ask = "a"\nevery_s = 0.01\nsymbols = {EURUSD = 5}\n',
        encoding="utf-8",
    )
    terminal = open_provider(file)
    try:
        require_within(
            lambda: len(terminal.copy_ticks_from("EURUSD", 0, 10, 1)) >= 2, "quotes", seconds=30
        )
    finally:
        terminal.shutdown()
        server.shutdown()
        server.server_close()
        thread.join(10)
    ticks = terminal.copy_ticks_from("EURUSD", 0, 10, 1)
    assert (ticks["bid"][1:] != ticks["bid"][:-1]).all()
    assert (ticks["time_msc"][1:] >= ticks["time_msc"][:-1]).all()


def listening(**fields: object) -> ProviderTerminal:
    paths = {"bid": "b", "ask": "a", "time": "t"}
    words = {"url": "wss://q.example", "symbols": {"EURUSD": 5}, **paths}
    provider = Provider(**{**words, **fields})  # type: ignore[arg-type]
    return ProviderTerminal(provider, SystemClock(), open_log(None, "edge"))


def test_only_quotes_are_kept_each_once_and_in_order() -> None:
    terminal = listening()
    for text in (
        "not json", "[]", "{}", '{"b": 1.1, "a": 1.2}', '{"b": 1.3, "a": 1.2, "t": 5000}',
        '{"b": "nan", "a": 1.2, "t": 5000}', '{"b": 0, "a": 1.2, "t": 5000}', '"text"', "null",
    ):  # fmt: skip
        assert terminal.take(text) == 0
    assert terminal.take('{"b": 1.1, "a": 1.2, "t": 5000}') == 1
    assert terminal.take('{"b": 1.1, "a": 1.2, "t": 5000}') == 0
    assert terminal.take('{"b": 1.1, "a": 1.3, "t": 5000}') == 1
    assert terminal.take('{"b": 1.1, "a": 1.2, "t": 4999}') == 0
    assert terminal.copy_ticks_from("EURUSD", 5, 10, 1)["ask"].tolist() == [1.2, 1.3]
    newest = terminal.symbol_info_tick("EURUSD")
    assert newest is not None
    assert newest.time_msc == 5_000


@pytest.mark.parametrize(
    ("unit", "value"),
    [("s", "5.25"), ("us", "5250000"), ("ns", "5250000000"), ("text", '"1970-01-01T00:00:05.25Z"')],
)
def test_times_are_read_in_their_unit(unit: str, value: str) -> None:
    terminal = listening(time_unit=unit)
    assert terminal.take(f'{{"b": 1.1, "a": 1.2, "t": {value}}}') == 1
    assert terminal.copy_ticks_from("EURUSD", 0, 1, 1)["time_msc"].tolist() == [5_250]


def test_the_documented_description_reads_as_it_says(tmp_path: Path) -> None:
    text = Path("docs/sources.md").read_text(encoding="utf-8")
    block = next(
        each for each in re.findall(r"```text\n(.*?)```", text, re.S) if "provider.toml" in each
    )
    file = tmp_path / "provider.toml"
    file.write_text(block, encoding="utf-8")
    write_private(tmp_path / "provider.key", b"k")
    provider = read_provider(file)
    assert provider.headers == {"Authorization": "Bearer k"}
    row = {**price(0), "time": "2024-03-05T10:00:00Z"}
    assert [each.bid for each in provider.quotes(json.dumps({"prices": [row]}))] == [1.1]


def test_a_description_that_says_too_little_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "provider.toml"
    with pytest.raises(OperatorError, match="cannot be read"):
        read_provider(file)
    file.write_text('url = "ftp://q"\nbid = "b"\nask = "a"\nsymbols = {E = 5}', encoding="utf-8")
    with pytest.raises(UsageError, match="none of ws, wss, http or https"):
        read_provider(file)
    file.write_text('url = "wss://q"\nbids = "b"', encoding="utf-8")
    with pytest.raises(UsageError, match="describes no provider"):
        read_provider(file)
    file.write_text(STREAM.format(port=1), encoding="utf-8")
    key = tmp_path / "quotes.key"
    key.write_text("s3cret", encoding="utf-8")
    key.chmod(0o644)
    with pytest.raises(OperatorError, match="open to other users"):
        read_provider(file)
