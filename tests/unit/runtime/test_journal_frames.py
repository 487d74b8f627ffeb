import zlib
from collections.abc import Callable

import pytest

from assay.model.errors import DataError
from assay.model.messages import (
    EquityMarked,
    Message,
    PlatformStarted,
    Tick,
    TradingHalted,
    TradingResumed,
    encode_message,
    tag_of,
)
from assay.runtime.journal.frames import SEVERAL, FrameCodec


def ticks(number: int, tenant: str = "") -> list[Tick]:
    return [
        Tick(id=i, tenant=tenant, ts_event=i, ts_init=i, symbol="EURUSD", bid=i, ask=i + 1)
        for i in range(1, number + 1)
    ]


def test_bulk_messages_share_one_row_per_tenant() -> None:
    messages = [*ticks(500), *ticks(3, "a")]
    rows = FrameCodec().pack(messages, "feed", position=100, version=7)
    assert [(row.tenant, row.size, row.position, row.version) for row in rows] == [
        ("", 500, 600, 507),
        ("a", 3, 603, 510),
    ]
    assert {row.batch for row in rows} == {603}


def test_a_large_frame_is_compressed() -> None:
    codec = FrameCodec()
    messages = ticks(1000)
    (row,) = codec.pack(messages, "feed", position=0, version=0)
    assert len(row.payload) < 20 * len(messages)
    assert [each.message for each in codec.unpack([row])] == messages


@pytest.mark.parametrize(("number", "form"), [(9, 0), (60, 2), (1000, 1)])
def test_a_frame_of_any_length_keeps_its_messages_and_their_bytes(number: int, form: int) -> None:
    codec = FrameCodec()
    messages = ticks(number)
    (row,) = codec.pack(messages, "feed", position=0, version=0)
    assert row.payload[0] == form
    assert [each.message for each in codec.unpack([row])] == messages
    raw = codec.unpack_raw([row])
    assert [record.payload for record in raw] == [encode_message(each) for each in messages]


def test_a_frame_deflated_by_an_older_program_is_read() -> None:
    codec = FrameCodec()
    messages = ticks(9)
    (row,) = codec.pack(messages, "feed", position=0, version=0)
    older = row._replace(payload=b"\x01" + zlib.compress(row.payload[1:]))
    assert [each.message for each in codec.unpack([older])] == messages


@pytest.mark.parametrize("number", [9, 60, 1000])
def test_damage_to_a_frame_of_any_length_is_named(number: int) -> None:
    codec = FrameCodec()
    (row,) = codec.pack(ticks(number), "feed", position=0, version=0)
    for torn in (row.payload[:-3], row.payload[:3], row.payload[:1], b""):
        with pytest.raises(DataError, match=f"journal row {number} is damaged"):
            codec.unpack([row._replace(payload=torn)])


def test_rows_alone_tell_their_positions() -> None:
    codec = FrameCodec()
    messages = [tick for pair in zip(ticks(5), ticks(5, "a"), strict=True) for tick in pair]
    rows = codec.pack(messages, "feed", position=10, version=0)
    (own,) = [row for row in rows if row.tenant == "a"]
    assert [each.position for each in codec.unpack([own])] == [12, 14, 16, 18, 20]


def mixed_batch() -> list[Message]:
    """Return what an order leaves behind: shared market data, and all that is one tenant's."""
    heads = [("", "b"), ("a", "d"), ("a", "h"), ("a", "m"), ("b", "h")]
    made: dict[str, Callable[..., Message]] = {
        "b": lambda **at: ticks(1)[0],
        "d": lambda **at: TradingHalted(reason="drawdown", by="risk", **at),
        "h": lambda **at: TradingResumed(reason="looked at", by="ada", **at),
        "m": lambda **at: EquityMarked(account="x", balance=1, equity=2, margin=3, **at),
    }
    return [
        made[kind](id=number, cause=number - 1, tenant=tenant, ts_event=number, ts_init=number)
        for number, (tenant, kind) in enumerate(heads, 1)
    ]


def test_what_one_tenant_has_of_a_batch_shares_a_row() -> None:
    messages = mixed_batch()
    rows = FrameCodec().pack(messages, "main", position=40, version=40)
    assert sorted((row.tenant, row.kind, row.size, row.position) for row in rows) == [
        ("", "Tick", 1, 41),
        ("a", SEVERAL, 3, 44),
        ("b", "TradingResumed", 1, 45),
    ]
    unpacked = FrameCodec().unpack(rows)
    assert [each.message for each in unpacked] == messages
    assert [each.position for each in unpacked] == [41, 42, 43, 44, 45]


def test_each_message_of_a_shared_row_keeps_its_bytes_and_its_heading() -> None:
    messages = mixed_batch()
    codec = FrameCodec()
    raw = codec.unpack_raw(codec.pack(messages, "main", position=40, version=40))
    assert [record.payload for record in raw] == [encode_message(each) for each in messages]
    assert [(r.tenant, r.kind, r.ts_event, r.message_id, r.cause, r.position) for r in raw] == [
        (m.tenant, tag_of(m), m.ts_event, m.id, m.cause, 40 + number)
        for number, m in enumerate(messages, 1)
    ]


def test_a_start_of_the_platform_has_a_row_of_its_own() -> None:
    started = PlatformStarted(id=9, ts_event=1, ts_init=1, version="1", run="1")
    resumed = TradingResumed(id=10, ts_event=1, ts_init=1, reason="r", by="b")
    rows = FrameCodec().pack([resumed, started, resumed], "main", position=0, version=0)
    assert sorted((row.kind, row.position) for row in rows) == [
        (SEVERAL, 3),
        ("PlatformStarted", 2),
    ]


def test_damage_to_a_shared_row_is_named() -> None:
    codec = FrameCodec()
    rows = codec.pack(mixed_batch(), "main", position=40, version=40)
    (shared,) = [row for row in rows if row.kind == SEVERAL]
    for read in (codec.unpack, codec.unpack_raw):
        with pytest.raises(DataError, match="journal row 44 is damaged"):
            read([shared._replace(payload=shared.payload[:-3])])
