"""What `Assay.mq5` does on its timer, step by step, in Python."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from assay.apps.edge.advisor.file import ACKED, BEGUN, OUTCOME, RECEIVED, REPORTED, AdvisorFile
from assay.apps.edge.advisor.file import Line as Kept
from assay.apps.edge.advisor.line import DIAL_S, Frame, Line, LineLost, prove

PROTOCOL = 1
PROGRAM = "Assay.mq5 1.0"
BATCH, WINDOW = 200, 8_192
PAUSE_S, PAUSE_MAX_S = 0.1, 2.0
ASK_EVERY_S = 2.0
NOTE_EVERY = 500
Key = tuple[int, int]
Event = dict[str, Any]
Quote = tuple[Key, int, int, int, int]
"""Key, nanoseconds UTC, digits, bid and ask in points."""


class Trader(Protocol):
    """Carry out commands and tell what happens, as JSON objects of the protocol."""

    def execute(self, command: Frame) -> list[Event]: ...

    def reconcile(self, command: Frame) -> list[Event] | None: ...

    def poll(self) -> list[Event]: ...


@dataclass(frozen=True)
class Advised:
    """Name the bridge, the edge, its token and its symbols; chance comes from outside."""

    host: str
    port: int
    edge: str
    token: str = field(repr=False)
    symbols: Sequence[str]
    nonce: Callable[[], str]
    chance: Callable[[], float]
    secured: ssl.SSLContext | None = None


class AdvisorTwin:
    """Speak the protocol in one thread that never waits long: call `step` again and again.

    `quotes_after` gives a symbol's quotes behind a key, `seconds` a steady count of seconds.
    """

    def __init__(
        self, advised: Advised, file: AdvisorFile, trader: Trader,
        quotes_after: Callable[[str, Key | None], list[Quote]], seconds: Callable[[], float],
    ) -> None:  # fmt: skip
        self._advised, self._file, self._trader = advised, file, trader
        self._quotes_after, self._seconds = quotes_after, seconds
        self._line: Line | None = None
        self._pause, self._dial_at = PAUSE_S, 0.0
        self._keys: dict[str, Key | None] = {}
        self._sent = {"account": 0, "market": 0}
        self._acked = {"account": 0, "market": 0}
        self._origin, self._commands = "", 0
        self._beat_s, self._beaten, self._heard = 1.0, 0.0, 0.0
        self._noted = 0
        self._unknown: dict[int, Frame] = {}
        self._asked = -ASK_EVERY_S
        self._recover()

    @property
    def is_linked(self) -> bool:
        """Say whether the bridge is there."""
        return self._line is not None

    def step(self, wait: float = 0.0) -> None:
        """Do what OnTimer does: dial, listen, trade, send, beat."""
        try:
            if self._line is None and self._seconds() >= self._dial_at:
                self._dial()
            if self._line is not None:
                self._listen(self._line, wait)
        except (LineLost, KeyError, TypeError, ValueError):
            self.hang_up()
        self._reconcile()
        # The account is watched and written down whether or not anybody listens.
        events = self._trader.poll()
        if events:
            self._tell(REPORTED, 0, {"type": "reported", "events": events})
        try:
            if self._line is not None:
                self._send_all(self._line)
        except LineLost:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection and dial again a little later, and later each time."""
        if self._line is not None:
            self._line.close()
        self._line = None
        self._dial_at = self._seconds() + self._advised.chance() * self._pause
        self._pause = min(2 * self._pause, PAUSE_MAX_S)

    def close(self) -> None:
        """End all."""
        self.hang_up()
        self._file.close()

    def _dial(self) -> None:
        advised = self._advised
        self._line = line = Line(advised.host, advised.port, advised.secured)
        challenge = line.expect("challenge", DIAL_S)
        if challenge["protocol"] != PROTOCOL:
            raise LineLost(f"the bridge speaks protocol {challenge['protocol']}")
        nonce = advised.nonce()
        nonces = (advised.edge, challenge["nonce"], nonce)
        line.send(
            {"type": "proof", "protocol": PROTOCOL, "edge": advised.edge, "program": PROGRAM,
             "nonce": nonce, "mac": prove(advised.token, "edge", *nonces),
             "origins": {"account": self._file.name, "market": "history"}}
        )  # fmt: skip
        welcome = line.expect("welcome", DIAL_S)
        if welcome["mac"] != prove(advised.token, "bridge", *nonces):
            raise LineLost("what answers is not our bridge")
        self._sent = dict(welcome["received"])
        self._acked = dict(self._sent)
        self._keys = dict.fromkeys(advised.symbols)
        self._keys |= {symbol: (at, n) for symbol, (at, n) in welcome["quotes"].items()}
        self._meet(welcome["origins"]["commands"])
        line.send({"type": "ready", "received": {"commands": self._commands}})
        self._beat_s, self._pause = welcome["beat_ms"] / 1_000, PAUSE_S
        self._beaten = self._heard = self._seconds()

    def _meet(self, origin: str) -> None:
        """Count what the file holds of the commands of this origin."""
        self._origin, self._commands = origin, 0
        for line in self._file.lines:
            if line.what == RECEIVED:
                stored = json.loads(line.text)
                if stored["origin"] == origin:
                    self._commands = max(self._commands, stored["number"])

    def _listen(self, line: Line, wait: float) -> None:
        while (frame := line.receive(wait)) is not None:
            self._heard, wait = self._seconds(), 0.0
            kind = frame["type"]
            if kind == "batch" and frame["stream"] == "commands":
                self._take(line, frame["first"], frame["records"])
            elif kind == "ack":
                self._acked[frame["stream"]] = frame["last"]
                self._note_acked()
            elif kind == "beat":
                self._compare(line, frame["sent"]["commands"])
            else:
                # What was sent cannot be taken back here; a fresh start can do it all.
                raise LineLost(f"{kind} asks for a new start")
        if self._seconds() - self._heard > 3 * self._beat_s:
            raise LineLost("the bridge is silent")

    def _note_acked(self) -> None:
        """Write down now and then how far the bridge is, so that the file can be shortened."""
        if self._acked["account"] - self._noted >= NOTE_EVERY:
            self._noted = self._acked["account"]
            self._file.append([Kept(0, ACKED, self._noted, "")])

    def _compare(self, line: Line, sent: int) -> None:
        if sent > self._commands:
            line.send({"type": "again", "stream": "commands", "first": self._commands + 1})

    def _take(self, line: Line, first: int, commands: list[Frame]) -> None:
        if first > self._commands + 1:
            self._compare(line, first)
            return
        for number, command in enumerate(commands, first):
            if number <= self._commands:
                continue
            self._commands = number
            key = command["id"]
            is_new = self._file.find(key, RECEIVED) is None
            stored = {"origin": self._origin, "number": number, "command": command}
            self._file.append([Kept(0, RECEIVED, key, json.dumps(stored))])
            line.send({"type": "ack", "stream": "commands", "last": number})
            if is_new:
                self._carry_out(command)
            else:
                self._repeat(key)

    def _carry_out(self, command: Frame) -> None:
        self._file.append([Kept(0, BEGUN, command["id"], "")])
        self._finish(command["id"], "executed", self._trader.execute(command))

    def _repeat(self, key: int) -> None:
        known = self._file.find(key, OUTCOME)
        if known is not None:
            self._tell(OUTCOME, key, json.loads(known.text) | {"how": "repeated"})

    def _finish(self, key: int, how: str, events: list[Event]) -> None:
        record = {"type": "outcome", "command": key, "how": how, "events": events}
        self._tell(OUTCOME, key, record)

    def _tell(self, what: str, key: int, record: Frame) -> None:
        self._file.append([Kept(self._file.last + 1, what, key, json.dumps(record))])

    def _recover(self) -> None:
        """Carry out what was only received; what was begun is UNKNOWN and will be asked after."""
        for line in list(self._file.lines):
            if line.what != RECEIVED or self._file.find(line.id, OUTCOME) is not None:
                continue
            command = json.loads(line.text)["command"]
            if self._file.find(line.id, BEGUN) is None:
                self._carry_out(command)
            else:
                self._unknown[line.id] = command

    def _reconcile(self) -> None:
        if not self._unknown or self._seconds() - self._asked < ASK_EVERY_S:
            return
        self._asked = self._seconds()
        for key, command in list(self._unknown.items()):
            events = self._trader.reconcile(command)
            if events is not None:
                del self._unknown[key]
                self._finish(key, "reconciled", events)

    def _send_all(self, line: Line) -> None:
        self._send_account(line)
        for symbol in self._advised.symbols:
            self._send_quotes(line, symbol)
        if self._seconds() - self._beaten >= self._beat_s:
            self._beaten = self._seconds()
            line.send({"type": "beat", "sent": dict(self._sent)})

    def _send_account(self, line: Line) -> None:
        while kept := self._file.behind(self._sent["account"], BATCH):
            records = [json.loads(each.text) for each in kept]
            self._send(line, "account", kept[0].number, records)

    def _send_quotes(self, line: Line, symbol: str) -> None:
        while self._sent["market"] - self._acked["market"] < WINDOW - BATCH:
            quotes = self._quotes_after(symbol, self._keys.get(symbol))[:BATCH]
            if not quotes:
                return
            self._keys[symbol] = quotes[-1][0]
            records = [["quote", symbol, *key, *rest] for key, *rest in quotes]
            self._send(line, "market", self._sent["market"] + 1, records)

    def _send(self, line: Line, stream: str, first: int, records: list[Any]) -> None:
        line.send({"type": "batch", "stream": stream, "first": first, "records": records})
        self._sent[stream] = first + len(records) - 1
