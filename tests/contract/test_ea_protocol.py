"""docs/ea-protocol.md: its frames, the advisor's twin against the real bridge, and Assay.mq5."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.edge.advisor.file import AdvisorFile
from assay.apps.edge.advisor.file import Line as Kept
from assay.apps.edge.advisor.line import Frame, Line, LineLost, prove
from assay.apps.edge.advisor.twin import Advised, AdvisorTwin, Key, Quote
from assay.apps.link import frames
from assay.apps.link.frames import AnyFrame, JsonCodec, Noted, Outcome, Reported
from assay.model.messages import OrderAccepted, OrderRejected
from assay.runtime.clock import Deadline, Stopwatch
from assay.runtime.ids import Rng, fresh_token
from assay.trading.brokers.mt5.ports import BrokerEvent, OrderCommand
from tests.sim.edging import Desk, RunningBridge, command, make_desk, running_bridge
from tools.tidy import ROOT

PAGE = ROOT / "docs" / "ea-protocol.md"
LONG_S = 30.0
EXAMPLES = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
RECORDS = {"OrderCommand": OrderCommand, "noted": Noted, "outcome": Outcome, "reported": Reported}


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: json.loads(text)["type"])
def test_frame_of_the_page_is_one_of_the_program(text: str) -> None:
    shown, codec = json.loads(text), JsonCodec()
    kind = RECORDS.get(shown["type"], AnyFrame)
    found = codec.decode(text.encode(), kind)
    told = json.loads(codec.encode(found))
    if isinstance(found, OrderCommand):
        told |= msgspec.structs.asdict(found)
    assert {key: told[key] for key in shown} == shown
    for event in shown.get("events", []):
        codec.decode(json.dumps(event).encode(), BrokerEvent)
    for record in shown.get("records", []):
        codec.decode(json.dumps(record).encode(), frames.Quote)


def test_the_page_shows_every_frame() -> None:
    tags = {each.__struct_config__.tag for each in frames.Frame.__subclasses__()}
    assert tags | set(RECORDS) == {json.loads(text)["type"] for text in EXAMPLES}


class Killed(BaseException):
    """End the twin as a kill would."""


class Venue:
    """Take orders and keep them; it lives on when the twin dies, which it may bring about."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.die = ""
        self.events: list[dict[str, Any]] = []

    def execute(self, wanted: Frame) -> list[dict[str, Any]]:
        if self.die == "before":
            raise Killed
        self.sent.append(wanted["id"])
        if self.die == "after":
            raise Killed
        return [self._event(OrderAccepted, wanted, ticket=5, quantity=1_000, price_digits=5)]

    def reconcile(self, wanted: Frame) -> list[dict[str, Any]] | None:
        if wanted["id"] in self.sent:
            return [self._event(OrderAccepted, wanted, ticket=5, quantity=1_000, price_digits=5)]
        return [self._event(OrderRejected, wanted, reason="never_arrived")]

    def poll(self) -> list[dict[str, Any]]:
        events, self.events = self.events, []
        return events

    def _event(self, kind: Any, wanted: Frame, **values: Any) -> dict[str, Any]:
        message = kind(
            id=0, ts_event=1, ts_init=1, key=wanted["id"], account=wanted["account"],
            symbol=wanted["symbol"], **values,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(msgspec.json.encode(message))
        return found


class History:
    """Hold quotes as a terminal's history does."""

    def __init__(self) -> None:
        self.quotes: dict[str, list[Quote]] = {}

    def add(self, symbol: str, count: int) -> None:
        held = self.quotes.setdefault(symbol, [])
        for number in range(len(held), len(held) + count):
            key = (1_000 + number // 3, number % 3)
            held.append((key, key[0] * 1_000_000, 5, 110_000 + number, 110_010 + number))

    def after(self, symbol: str, key: Key | None) -> list[Quote]:
        return [each for each in self.quotes.get(symbol, []) if key is None or each[0] > key]


class Rig:
    """Run a twin against a bridge step by step, through deaths of the twin."""

    def __init__(self, folder: Path, desk: Desk, bridge: RunningBridge) -> None:
        self.desk, self.bridge, self._folder = desk, bridge, folder
        self.venue, self.history, self._rng = Venue(), History(), Rng(1)
        self.deaths = 0
        self.twin = self._start()

    def _start(self) -> AdvisorTwin:
        advised = Advised(
            "127.0.0.1", self.bridge.advisor_port, "desk", self.desk.grant.token, ("EURUSD",),
            lambda: fresh_token(16), self._rng.random,
        )  # fmt: skip
        self.file = AdvisorFile(self._folder / "advisor.txt", fresh_token(4))
        watch = Stopwatch()
        return AdvisorTwin(advised, self.file, self.venue, self.history.after, watch.elapsed)

    def step_until(self, condition: Any, what: str) -> None:
        deadline = Deadline(LONG_S)
        while not condition():
            assert not deadline.has_passed(), what
            self.step()

    def step(self) -> None:
        try:
            self.twin.step(0.005)
        except Killed:
            self.venue.die = ""
            self.deaths += 1
            self.restart()

    def restart(self) -> None:
        line = self.twin._line
        if line is not None:
            line.close()
        self.file.close()
        self.twin = self._start()

    def submit(self, number: int) -> None:
        self.bridge.submit(self.desk.grant, command(number))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    desk = make_desk(tmp_path)
    with running_bridge(desk.home) as bridge:
        rig = Rig(tmp_path, desk, bridge)
        yield rig
        rig.twin.close()


def test_the_twin_sends_quotes_and_carries_out_commands(rig: Rig) -> None:
    rig.history.add("EURUSD", 1_000)
    rig.submit(1)
    told = list[Frame]()
    execute = rig.venue.execute
    rig.venue.execute = lambda wanted: (told.append(wanted), execute(wanted))[1]
    rig.step_until(lambda: rig.desk.count() == 1_000, "quotes")
    rig.step_until(lambda: rig.desk.outcomes() == {1: ["executed"]}, "outcome")
    rig.submit(1)
    rig.step_until(lambda: rig.desk.outcomes() == {1: ["executed", "repeated"]}, "repeated")
    events = [each.events for each in rig.desk.news if each.events]
    assert events[0] == events[1]
    # An Expert Advisor knows no defaults: every field of a command is told.
    assert set(told[0]) == {"type", *OrderCommand.__struct_fields__}
    assert rig.venue.sent == [1]
    assert [each.bid for each in rig.desk.ticks] == list(range(110_000, 111_000))


@pytest.mark.parametrize(("die", "how", "sent"), [("before", [], []), ("after", [7], [7])])
def test_a_command_begun_when_the_twin_died_is_reconciled(
    rig: Rig, die: str, how: list[int], sent: list[int]
) -> None:
    rig.venue.die = die
    rig.submit(7)
    rig.step_until(lambda: rig.desk.outcomes() == {7: ["reconciled"]}, "reconciled")
    [news] = [each for each in rig.desk.news if each.events]
    assert [type(each).__name__ for each in news.events] == [
        "OrderAccepted" if how else "OrderRejected"
    ]
    assert rig.venue.sent == sent
    assert rig.deaths == 1


def test_a_line_that_breaks_between_any_two_steps_loses_nothing(rig: Rig) -> None:
    for number in range(1, 31):
        rig.history.add("EURUSD", 50)
        rig.submit(number)
        for _ in range(number % 4):
            rig.step()
        rig.restart() if number % 3 else rig.twin.hang_up()
    rig.step_until(lambda: rig.desk.count() >= 1_500, "quotes")
    rig.step_until(lambda: len(rig.desk.outcomes()) >= 30, "outcomes")
    assert rig.venue.sent == list(range(1, 31))
    assert set(map(len, rig.desk.outcomes().values())) == {1}
    assert [each.bid for each in rig.desk.ticks] == list(range(110_000, 111_500))


def test_a_torn_last_line_of_the_file_never_was(rig: Rig) -> None:
    rig.submit(1)
    rig.step_until(lambda: rig.desk.outcomes() == {1: ["executed"]}, "outcome")
    with (rig._folder / "advisor.txt").open("ab") as file:
        file.write(b"9\toutcome\t1\t{")
    before = rig.file.lines
    rig.restart()
    assert rig.file.lines == before


def test_a_long_file_is_shortened_and_nothing_that_matters_goes(tmp_path: Path) -> None:
    path = tmp_path / "advisor.txt"
    file = AdvisorFile(path, "name")
    file.append([Kept(0, "received", 7, "{}"), Kept(0, "begun", 7, "")])
    file.append([Kept(number, "reported", 0, "{}") for number in range(1, 101)])
    file.append([Kept(0, "acked", 60, ""), Kept(0, "received", 8, "{}")])
    file.append([Kept(101, "outcome", 8, "{}")])
    file.close()
    file = AdvisorFile(path, "other", lines_max=20)
    kept = [each.number for each in file.lines if each.number]
    assert kept == list(range(61, 102))
    assert [file.name, file.last] == ["name", 101]
    assert file.find(7, "begun") is not None
    assert file.find(8, "outcome") is not None
    file.close()
    again = AdvisorFile(path, "other")
    assert again.lines == file.lines
    again.close()


def _greet(rig: Rig, token: str, edge: str = "desk") -> tuple[Line, Frame]:
    line = Line("127.0.0.1", rig.bridge.advisor_port, None)
    nonces = (edge, line.expect("challenge", 5.0)["nonce"], "ab" * 16)
    line.send(
        {"type": "proof", "protocol": 1, "edge": edge, "program": "hand", "nonce": nonces[2],
         "mac": prove(token, "edge", *nonces), "origins": {"account": "hand", "market": "hand"}}
    )  # fmt: skip
    answer = line.receive(5.0)
    assert answer is not None
    if answer["type"] == "welcome":
        assert answer["mac"] == prove(token, "bridge", *nonces)
        line.send({"type": "ready", "received": {"commands": 0}})
    return line, answer


def test_a_stranger_learns_nothing(rig: Rig) -> None:
    reason = "the name is unknown or the token is wrong"
    for token, edge in ((fresh_token(32), "desk"), (rig.desk.grant.token, "other")):
        line, answer = _greet(rig, token, edge)
        line.close()
        assert answer == {"type": "refused", "reason": reason}


def test_a_revoked_token_opens_nothing(rig: Rig) -> None:
    line, answer = _greet(rig, rig.desk.grant.token)
    assert answer["type"] == "welcome"
    line.close()
    EdgeTokens(rig.desk.home).revoke("desk")
    line, answer = _greet(rig, rig.desk.grant.token)
    line.close()
    assert answer["type"] == "refused"


def _answer(line: Line, kind: str) -> Frame:
    """Return the next frame that is no beat."""
    deadline = Deadline(LONG_S)
    while not deadline.has_passed():
        frame = line.receive(0.1)
        if frame is not None and frame["type"] != "beat":
            assert frame["type"] == kind, frame
            return frame
    raise AssertionError(f"no {kind} came")


def _quote(number: int) -> list[Any]:
    return ["quote", "EURUSD", 5_000 + number, 0, number * 1_000, 5, 110_000 + number, 110_010]


def test_the_bridge_drops_what_it_has_and_asks_for_what_it_lacks(rig: Rig) -> None:
    line, welcome = _greet(rig, rig.desk.grant.token)
    assert welcome["received"] == {"account": 0, "market": 0}

    def send(first: int, last: int) -> None:
        records = [_quote(number) for number in range(first, last + 1)]
        line.send({"type": "batch", "stream": "market", "first": first, "records": records})

    send(1, 3)
    assert _answer(line, "ack")["last"] == 3
    send(5, 6)
    assert _answer(line, "again") == {"type": "again", "stream": "market", "first": 4}
    send(2, 5)
    assert _answer(line, "ack")["last"] == 5
    line.send({"type": "beat", "sent": {"market": 6, "account": 0}})
    assert _answer(line, "again")["first"] == 6
    line.send({"type": "gap", "stream": "market", "first": 6, "last": 9})
    assert _answer(line, "ack")["last"] == 9
    send(10, 10)
    assert _answer(line, "ack")["last"] == 10
    line.close()
    assert [rig.desk.count(), rig.desk.gone] == [6, 4]
    line, welcome = _greet(rig, rig.desk.grant.token)
    assert welcome["received"]["market"] == 10
    assert welcome["quotes"] == {"EURUSD": [5_010, 0]}
    line.close()


MESSAGE = {"type": "TradingHalted", "id": 1, "ts_event": 1, "ts_init": 1, "reason": "x", "by": "y"}
BROKEN = {
    "stream": {"type": "batch", "stream": "commands", "first": 1, "records": []},
    "type": {"type": "hello"},
    "field": {"type": "ack", "stream": "market"},
    "ack": {"type": "ack", "stream": "commands", "last": 5},
    "record": {"type": "batch", "stream": "market", "first": 1, "records": [["trade", 1]]},
    "event": {"type": "batch", "stream": "account", "first": 1,
              "records": [{"type": "reported", "events": [MESSAGE]}]},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_the_bridge_hangs_up_on_what_is_out_of_place(rig: Rig, name: str) -> None:
    line, _ = _greet(rig, rig.desk.grant.token)
    line.send(BROKEN[name])
    deadline = Deadline(LONG_S)
    with pytest.raises(LineLost):
        while not deadline.has_passed():
            line.receive(0.1)
    line.close()
    assert rig.desk.count() == 0
    assert rig.desk.news == []
