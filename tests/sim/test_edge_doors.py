"""Who comes in, from where, how many; and what an outage costs."""

from __future__ import annotations

import datetime
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from assay.apps.bridge.desk import SUBMITTED, BridgeBroker, CommandDesk, Fetcher, edge_folder
from assay.apps.bridge.feed import AccountFeed
from assay.apps.bridge.server import Listening
from assay.apps.bridge.tokens import EdgeGrant, EdgeTokens
from assay.apps.edge.advisor.line import Line
from assay.apps.edge.dialing import Bridge
from assay.apps.link.log import list_segments
from assay.model.errors import InvariantError, OperatorError, RetryError, UsageError
from assay.model.messages import AccountReported, Message, OrderAccepted, OrderSubmitted
from assay.model.time import parse_time
from assay.runtime.clock import require_within
from tests.sim.edging import (
    Broker,
    CountingGateway,
    Desk,
    QuoteTerminal,
    RunningBridge,
    command,
    make_desk,
    make_ticks,
    running_bridge,
    running_edge,
    tick_keys,
)

LONG_S = 30.0
NOON = datetime.datetime.fromtimestamp(parse_time("2020-01-01") // 10**9, datetime.UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


def terminal_of(count: int) -> QuoteTerminal:
    return QuoteTerminal({"EURUSD": make_ticks(count, 4)}, shown=count)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of 127.0.0.1, signed by itself, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 7)
        .not_valid_before(NOON)
        .not_valid_after(NOON + datetime.timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True
        )
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "bridge.pem", folder / "bridge.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    return pem, secret


@pytest.fixture
def secured(tmp_path: Path, desk: Desk) -> Iterator[tuple[RunningBridge, Path]]:
    pem, key = make_certificate(tmp_path)
    bridge = RunningBridge(desk.home, listening=Listening(certificate=pem, key=key, advisor_port=0))
    bridge.start()
    yield bridge, pem
    bridge.stop()


def test_the_link_runs_over_tls(
    tmp_path: Path, desk: Desk, secured: tuple[RunningBridge, Path]
) -> None:
    bridge, pem = secured
    broker, terminal, url = Broker(), terminal_of(300), f"wss://127.0.0.1:{bridge.port}"
    gateway = CountingGateway(broker)
    bridge.submit(desk.grant, command(1))
    with running_edge(tmp_path / "edge", desk, url, terminal, gateway, authority=pem):
        require_within(lambda: desk.count() == 300, "quotes", seconds=LONG_S)
        require_within(lambda: 1 in desk.outcomes(), "the outcome", seconds=LONG_S)
    assert broker.executed == [1]


def test_an_advisor_comes_in_over_tls(secured: tuple[RunningBridge, Path]) -> None:
    bridge, pem = secured
    line = Line("127.0.0.1", bridge.advisor_port, ssl.create_default_context(cafile=str(pem)))
    assert line.expect("challenge", LONG_S)["protocol"] == 1
    line.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, desk: Desk, secured: tuple[RunningBridge, Path]
) -> None:
    url, said = f"wss://127.0.0.1:{secured[0].port}", list[str]()
    gateway = CountingGateway(Broker())
    with running_edge(tmp_path / "edge", desk, url, terminal_of(5), gateway, told=said.append):
        require_within(lambda: len(said) > 0, "a refusal", seconds=LONG_S)
    assert all("CERTIFICATE_VERIFY_FAILED" in each for each in said), said
    assert desk.count() == 0


def test_beyond_loopback_the_bridge_wants_a_certificate(desk: Desk) -> None:
    bridge = RunningBridge(desk.home)
    with pytest.raises(UsageError, match="--certificate"):
        bridge.loop.run_until_complete(bridge.server.start(Listening("0.0.0.0")))
    bridge.loop.close()


def test_a_bridge_that_does_not_hold_the_token_gets_nothing(tmp_path: Path, desk: Desk) -> None:
    impostor = make_desk(tmp_path / "impostor")
    broker, said = Broker(), list[str]()
    with running_bridge(impostor.home) as bridge:
        # It lets everybody in, to learn what they send.
        bridge.server._judge = lambda *_: ""  # type: ignore[method-assign]
        bridge.submit(impostor.grant, command(1))
        url = f"ws://127.0.0.1:{bridge.port}"
        gateway = CountingGateway(broker)
        with running_edge(tmp_path / "edge", desk, url, terminal_of(9), gateway, told=said.append):
            require_within(lambda: len(said) > 0, "a refusal", seconds=LONG_S)
    assert all("it does not hold the token" in each for each in said), said
    assert impostor.count() == 0
    assert broker.executed == []


def test_ten_edges_of_a_tenant_and_no_more(tmp_path: Path, desk: Desk) -> None:
    tokens = EdgeTokens(desk.home)
    for number in range(4):
        tokens.issue(f"edge{number}", tenant="own" if number < 3 else "other", account="main")
    said = list[str]()
    with running_bridge(desk.home) as bridge, ExitStack() as stack:
        bridge.server._edges_max = 2
        url = f"ws://127.0.0.1:{bridge.port}"
        for number in range(2):
            _enter(stack, tmp_path, desk.home_edge(f"edge{number}"), url, said)
            require_within(
                lambda n=number: len(bridge.server._sessions) > n, "the link", seconds=LONG_S
            )
        _enter(stack, tmp_path, desk.home_edge("edge2"), url, said)
        require_within(lambda: len(said) > 0, "a refusal", seconds=LONG_S)
        assert "2 edges of the tenant are linked" in said[0]
        # Another tenant is not kept out by them.
        _enter(stack, tmp_path, desk.home_edge("edge3"), url, said)
        require_within(lambda: len(bridge.server._sessions) == 3, "other's link", seconds=LONG_S)


def test_strangers_who_prove_nothing_keep_no_edge_out(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.apps.bridge.server.GREETINGS_MAX", 3)
    monkeypatch.setattr("assay.apps.bridge.server.GREETING_S", 600.0)
    bridge = RunningBridge(desk.home, listening=Listening(advisor_port=0))
    bridge.start()
    with ExitStack() as stack:
        stack.callback(bridge.stop)
        for _ in range(3):
            place = ("127.0.0.1", bridge.advisor_port)
            stranger = stack.enter_context(socket.create_connection(place, timeout=LONG_S))
            assert stranger.recv(4)  # it is asked who it is, and says nothing
        _enter(stack, tmp_path, desk, f"ws://127.0.0.1:{bridge.port}", [])
        require_within(lambda: len(bridge.server._sessions) == 1, "the link", seconds=LONG_S)


def _enter(stack: ExitStack, folder: Path, desk: Desk, url: str, said: list[str]) -> None:
    place = folder / desk.grant.edge
    gateway = CountingGateway(Broker())
    stack.enter_context(running_edge(place, desk, url, terminal_of(3), gateway, told=said.append))


def test_a_command_goes_to_its_own_account_alone(desk: Desk) -> None:
    with running_bridge(desk.home) as bridge, pytest.raises(UsageError, match="not another"):
        bridge.submit(desk.grant, command(1, account="another"))


def test_a_name_belongs_to_one_tenant(desk: Desk) -> None:
    tokens = EdgeTokens(desk.home)
    with pytest.raises(UsageError, match="of tenant own"):
        tokens.issue("desk", tenant="other", account="main")
    with pytest.raises(UsageError, match="is no name"):
        tokens.issue("../desk", tenant="own", account="main")
    first = desk.grant.token
    assert tokens.issue("desk", tenant="own", account="main") != first
    assert tokens.find("desk") != EdgeGrant("desk", "own", "main", first)
    assert (desk.home.path / "bridge" / "tokens.json").stat().st_mode & 0o077 == 0


def test_a_second_connector_on_one_folder_is_refused(tmp_path: Path, desk: Desk) -> None:
    with running_bridge(desk.home) as bridge:
        url, gateway = f"ws://127.0.0.1:{bridge.port}", CountingGateway(Broker())
        with running_edge(tmp_path / "edge", desk, url, terminal_of(3), gateway):
            second = running_edge(tmp_path / "edge", desk, url, terminal_of(3), gateway)
            with pytest.raises(RetryError, match="another connector"):
                second.__enter__()


def test_health_says_that_the_bridge_lives_and_names_nobody(desk: Desk) -> None:
    with running_bridge(desk.home) as bridge:
        url = f"http://127.0.0.1:{bridge.port}/health"
        with urllib.request.urlopen(url, timeout=5) as answer:
            assert answer.read() == b'{"status":"ok","linked":0}\n'


def test_an_outage_that_outgrows_the_buffer_costs_the_oldest_quotes_and_says_so(
    tmp_path: Path, desk: Desk
) -> None:
    terminal, broker, port = terminal_of(60_000), Broker(), _free_port(desk)
    url = f"ws://127.0.0.1:{port}"
    gateway = CountingGateway(broker)
    limit = 1_500_000
    with running_edge(tmp_path / "edge", desk, url, terminal, gateway, market_bytes=limit) as edge:
        require_within(lambda: edge.market.end == 60_000, "every quote", seconds=LONG_S)
        assert edge.market.octets < limit + 200_000
        bridge = RunningBridge(desk.home)
        bridge.port = port
        bridge.start()
        bridge.submit(desk.grant, command(1))
        require_within(lambda: edge.dialer.backlog == 0, "all sent", seconds=LONG_S)
        require_within(lambda: 1 in desk.outcomes(), "the outcome", seconds=LONG_S)
        desk.read()
        bridge.stop()
    assert desk.gone > 10_000
    assert len(desk.ticks) + desk.gone == 60_000
    times = [time for time, _ in terminal.keys("EURUSD")]
    assert tick_keys(desk.ticks, "EURUSD") == times[desk.gone :]


def _free_port(desk: Desk) -> int:
    with running_bridge(desk.home) as bridge:
        return bridge.port


def test_a_power_cut_costs_no_quote(tmp_path: Path, desk: Desk) -> None:
    terminal, gateway = terminal_of(900), CountingGateway(Broker())
    with running_bridge(desk.home) as bridge:
        url = f"ws://127.0.0.1:{bridge.port}"
        with running_edge(tmp_path / "edge", desk, url, terminal, gateway):
            require_within(lambda: desk.count() == 900, "quotes", seconds=LONG_S)
        # The newest second never reached the disk, though the bridge has it.
        last = list_segments(tmp_path / "edge" / "market")[-1].path
        with last.open("r+b") as file:
            file.truncate(last.stat().st_size - 3_000)
        terminal.ticks["EURUSD"] = make_ticks(1_000, 4)
        terminal.shown = 1_000
        with running_edge(tmp_path / "edge", desk, url, terminal, gateway):
            require_within(lambda: desk.count() == 1_000, "the rest", seconds=LONG_S)
    assert tick_keys(desk.ticks, "EURUSD") == [time for time, _ in terminal.keys("EURUSD")]
    assert desk.gone == 0


def test_a_bridge_that_lost_its_files_is_told_what_it_will_not_get(
    tmp_path: Path, desk: Desk
) -> None:
    terminal, broker = terminal_of(500), Broker()
    gateway = CountingGateway(broker)
    with running_bridge(desk.home) as bridge:
        url = f"ws://127.0.0.1:{bridge.port}"
        bridge.submit(desk.grant, command(1))
        with running_edge(tmp_path / "edge", desk, url, terminal, gateway):
            require_within(lambda: desk.count() == 500, "quotes", seconds=LONG_S)
            require_within(lambda: 1 in desk.outcomes(), "the outcome", seconds=LONG_S)
    other = make_desk(tmp_path / "new")
    with running_bridge(other.home) as bridge:
        url = f"ws://127.0.0.1:{bridge.port}"
        # The same command again, from a log that counts anew.
        bridge.submit(other.grant, command(1))
        with running_edge(tmp_path / "edge", other, url, terminal, gateway):
            require_within(lambda: len(other.outcomes()) == 1, "the repeat", seconds=LONG_S)
            require_within(lambda: len(other.outcomes()[1]) == 2, "the repeat", seconds=LONG_S)
    assert other.outcomes() == {1: ["executed", "repeated"]}
    assert broker.executed == [1]


def submitted(key: int) -> OrderSubmitted:
    return OrderSubmitted(
        id=key, ts_event=1, ts_init=1, key=key, account="main", strategy="sma", symbol="EURUSD",
        ts_bar=0, ordinal=0, order_type="market", quantity=1_000, price=0, stop=109_000, target=0,
    )  # fmt: skip


def test_another_process_sends_orders_through_the_bridge(tmp_path: Path, desk: Desk) -> None:
    """Its file outlives it and the bridge; each order is carried out once."""
    gateway = CountingGateway(Broker())
    broker = BridgeBroker(CommandDesk(desk.home, desk.grant), lambda: 5, {"EURUSD": 5})
    broker.send(submitted(1))
    for number in (2, 3):
        with running_bridge(desk.home) as bridge:
            url = f"ws://127.0.0.1:{bridge.port}"
            with running_edge(tmp_path / "edge", desk, url, terminal_of(1), gateway):
                broker.send(submitted(number))
                require_within(
                    lambda n=number: len(desk.outcomes()) == n, "outcomes", seconds=LONG_S
                )
        with pytest.raises(RetryError, match="in use"):
            CommandDesk(desk.home, desk.grant)
        broker.close()
        broker = BridgeBroker(CommandDesk(desk.home, desk.grant), lambda: 5, {"EURUSD": 5})
        with pytest.raises(InvariantError, match="sent twice"):
            broker.send(submitted(number))
    assert gateway.broker.executed == [1, 2, 3]
    assert [broker.knows(key) for key in (1, 3, 4)] == [True, True, False]
    with pytest.raises(UsageError, match="not another"):
        CommandDesk.submit(broker._desk, command(9, account="another"))
    broker.close()


class ReportingGateway(CountingGateway):
    """Tell once how the account stands."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker)
        self.news: list[Message] = [
            AccountReported(
                id=0, ts_event=1, ts_init=1, account="main", login=1, server="s", mode="demo",
                margin_mode="netting", currency="USD", currency_digits=2, balance=100, credit=0,
                equity=100, margin=0, level=0, connected=True, trade_allowed=True,
            )
        ]  # fmt: skip

    def poll(self, now: int) -> list[Message]:
        told, self.news = self.news, []
        return told


def test_what_a_bridge_has_fetched_leaves_the_disk_of_a_desk_that_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.apps.bridge.desk.KEPT_BYTES", 0)
    commands, folder = CommandDesk(desk.home, desk.grant), edge_folder(desk.home, desk.grant)
    fetcher = Fetcher(folder)
    for number in range(1, 25):
        large = msgspec.structs.replace(command(number), strategy="x" * 10**6)
        commands.submit(large)
        fetcher.fetch()
        fetcher.settle()
    assert sum(each.stat().st_size for each in (folder / SUBMITTED).iterdir()) < 12 * 10**6
    assert commands.knows(1)
    commands.close()


def test_what_a_reader_confirmed_leaves_the_disk(tmp_path: Path, desk: Desk) -> None:
    gateway = ReportingGateway(Broker())
    with running_bridge(desk.home) as bridge:
        url = f"ws://127.0.0.1:{bridge.port}"
        inbox = bridge.server.box(desk.grant).account
        inbox._log._segment_bytes = 500
        with running_edge(tmp_path / "edge", desk, url, terminal_of(1), gateway):
            for number in range(1, 31):
                bridge.submit(desk.grant, command(number))
            require_within(lambda: len(desk.outcomes()) == 30, "outcomes", seconds=LONG_S)
            require_within(lambda: inbox.end == 91, "the account's report", seconds=LONG_S)
        assert list_segments(inbox.folder)[0].first == 1
        desk.read()  # the report came behind the outcomes
        AccountFeed(inbox.folder).confirm(desk.news[-1].position)
        require_within(
            lambda: len(list_segments(inbox.folder)) == 1,
            "what was confirmed to go",
            seconds=LONG_S,
        )
        assert inbox.end == 91
        feed, events = AccountFeed(inbox.folder), list[Message]()
        while news := feed.read():
            events += [event for each in news for event in each.events]
        accepted = {each.key for each in events if isinstance(each, OrderAccepted)}
        assert accepted == set(range(1, 31)), "open orders are told again"


def test_an_unusable_certificate_is_told(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "none.pem"
    with pytest.raises(OperatorError, match="cannot be used"):
        Listening(certificate=file, key=file).security()
    bridge = Bridge("ws://127.0.0.1:1", "desk", desk.grant.token)
    assert desk.grant.token not in repr(bridge)
