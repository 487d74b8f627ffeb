from assay.model.messages import Tick
from assay.runtime.journal.frames import FrameCodec


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


def test_rows_alone_tell_their_positions() -> None:
    codec = FrameCodec()
    messages = [tick for pair in zip(ticks(5), ticks(5, "a"), strict=True) for tick in pair]
    rows = codec.pack(messages, "feed", position=10, version=0)
    (own,) = [row for row in rows if row.tenant == "a"]
    assert [each.position for each in codec.unpack([own])] == [12, 14, 16, 18, 20]
