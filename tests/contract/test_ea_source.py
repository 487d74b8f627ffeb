"""Assay.mq5, which nobody can compile here: its names and numbers are those of the protocol."""

from __future__ import annotations

import re

import pytest

from assay.apps.edge.advisor import twin
from assay.apps.edge.advisor.file import LINES_MAX
from assay.apps.link import frames, streams
from assay.model.messages import (
    AccountReported,
    DealBooked,
    Message,
    OrderAccepted,
    OrderRejected,
    OrderUnknown,
)
from assay.trading.brokers.mt5.api import CONSTANTS
from assay.trading.brokers.mt5.ports import OrderCommand
from tools.tidy import ROOT

SOURCE = (ROOT / "edge" / "mql5" / "Assay.mq5").read_text(encoding="utf-8")
CODE = re.sub(r"//[^\n]*", "", SOURCE)
TEXTS = re.findall(r'"((?:[^"\\\n]|\\.)*)"', CODE)
DEFINED = dict(re.findall(r"^#define (\w+)\s+(\S.*)$", CODE, re.MULTILINE))
WORDS = "if while for switch return sizeof defined MQL"
BUILTIN = (
    "AccountInfoDouble AccountInfoInteger AccountInfoString ArrayCopy ArrayInitialize ArrayRemove "
    "ArrayResize ArraySize CharArrayToString CopyTicks CryptEncode EventKillTimer "
    "EventSetMillisecondTimer FileClose FileFlush FileMove FileOpen FileReadArray FileReadString "
    "FileSeek FileWriteArray FileWriteInteger GetMicrosecondCount GetTickCount GetTickCount64 "
    "HistoryDealGetDouble HistoryDealGetInteger HistoryDealGetString HistoryDealGetTicket "
    "HistoryDealsTotal HistoryOrderGetInteger HistoryOrderGetTicket HistoryOrdersTotal "
    "HistorySelect IsStopped MathAbs MathFloor MathMax MathMin MathPow MathRand MathRound "
    "MathSrand NormalizeDouble OrderCalcMargin OrderGetDouble OrderGetInteger OrderGetTicket "
    "OrderSelect OrderSend OrdersTotal PositionGetDouble PositionGetInteger "
    "PositionSelectByTicket Print Sleep "
    "SocketClose SocketConnect SocketCreate SocketIsConnected SocketIsReadable SocketRead "
    "SocketSend SocketTimeouts SocketTlsHandshake SocketTlsReadAvailable SocketTlsSend "
    "StringFind StringFormat StringGetCharacter StringLen StringReplace StringSplit StringSubstr "
    "StringToCharArray StringToInteger StringTrimLeft StringTrimRight SymbolInfoDouble "
    "SymbolInfoInteger SymbolInfoTick SymbolSelect TerminalInfoInteger TimeCurrent TimeGMT "
    "TimeLocal"
).split()
"""Functions of the language, as its reference writes them."""


def test_numbers_are_those_of_the_program() -> None:
    assert {
        "PROTOCOL": str(frames.PROTOCOL),
        "FRAME_MAX": str(frames.FRAME_BYTES),
        "WINDOW": str(streams.WINDOW),
        "BATCH": str(twin.BATCH),
        "PROGRAM": f'"{twin.PROGRAM}"',
        "PAUSE_MS": str(round(twin.PAUSE_S * 1_000)),
        "PAUSE_MAX_MS": str(round(twin.PAUSE_MAX_S * 1_000)),
        "LINES_MAX": str(LINES_MAX),
        "NOTE_EVERY": str(twin.NOTE_EVERY),
        "ASK_EVERY_MS": str(round(twin.ASK_EVERY_S * 1_000)),
    }.items() <= DEFINED.items()


def _fields(text: str) -> set[str]:
    return set(re.findall(r"\\\"(\w+)\\\":", text))


@pytest.mark.parametrize(
    ("name", "left_out"),
    [("Challenge", {"challenge"}), ("Refused", set()), ("Ready", set()), ("Proof", set()),
     ("Batch", set()), ("Ack", set()), ("Again", set()), ("Beat", set())],
)  # fmt: skip
def test_frames_bear_the_names_of_the_protocol(name: str, left_out: set[str]) -> None:
    kind = getattr(frames, name)
    tag = str(kind.__struct_config__.tag)
    assert any(text == tag or f'\\"{tag}\\"' in text for text in TEXTS)
    written = _fields(CODE) | {text for text in TEXTS if text.isidentifier()}
    assert set(kind.__struct_fields__) - left_out <= written


@pytest.mark.parametrize(
    ("kind", "function"),
    [(DealBooked, "DealEvent"), (AccountReported, "AccountState"), (OrderAccepted, "Accepted")],
)
def test_events_have_every_field(kind: type[Message], function: str) -> None:
    [body] = re.findall(rf"^string {function}\(.*?^}}", CODE, re.MULTILINE | re.DOTALL)
    shared = _fields("".join(re.findall(r"^string (?:Envelope|Event)\(.*?^}", CODE, re.M | re.S)))
    wanted = {
        name for name, default in zip(
            reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False
        )
    }  # fmt: skip
    needed = set(kind.__struct_fields__) - wanted
    assert needed <= _fields(body) | shared
    assert _fields(body) <= set(kind.__struct_fields__)


def test_commands_are_read_by_names_that_they_have() -> None:
    read = set(re.findall(r'Get(?:Long|String)\(command, "(\w+)"\)', CODE))
    assert read <= set(OrderCommand.__struct_fields__)
    assert {"quantity", "price", "stop", "target", "expiry_ns", "ticket", "order_type"} <= read
    assert {OrderRejected.__name__, OrderUnknown.__name__} <= {
        text for text in TEXTS if text.startswith("Order")
    }


def test_every_function_is_there_or_of_the_language() -> None:
    quoteless = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', CODE)
    made = set(re.findall(r"^\w+ (\w+)\(", quoteless, re.MULTILINE))
    called = set(re.findall(r"\b([A-Za-z]\w*)\(", quoteless)) - set(WORDS.split())
    assert called - made - set(BUILTIN) == set()
    assert made - called - {"OnInit", "OnDeinit", "OnTimer", "OnTradeTransaction"} == set()


def test_every_constant_of_the_terminal_exists() -> None:
    named = set(
        re.findall(r"\b((?:TRADE_RETCODE|TRADE_ACTION|ORDER_TYPE|ORDER_FILLING|ORDER_TIME_GTC|"
                   r"ORDER_TIME_DAY|ORDER_TIME_SPECIFIED|DEAL_REASON|DEAL_TYPE)_?\w*)\b", CODE)
    )  # fmt: skip
    properties = {"ORDER_TYPE_TIME", "DEAL_REASON", "DEAL_TYPE", "ORDER_TYPE_FILLING"}
    assert len(named) > 20
    assert named - set(CONSTANTS) - properties == set()


def test_brackets_close() -> None:
    quoteless = re.sub(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)'", '""', CODE)
    open_ones: list[str] = []
    pairs = {")": "(", "]": "[", "}": "{"}
    for letter in quoteless:
        if letter in "([{":
            open_ones.append(letter)
        elif letter in pairs:
            assert open_ones.pop() == pairs[letter]
    assert open_ones == []
