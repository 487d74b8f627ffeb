"""The link's parts: logs that survive tears, streams that know what is new."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from assay.apps.bridge.desk import FETCHED
from assay.apps.bridge.inbox import CONFIRMED, EdgeBox, StreamInbox
from assay.apps.link.frames import MARKET, Batch, Gap, Noted, PackedCodec, Quote
from assay.apps.link.log import LogReader, SegmentLog
from assay.apps.link.proof import read_token
from assay.apps.link.streams import WINDOW, Receiving, Sending
from assay.apps.link.transports import parse_address
from assay.model.errors import DataError, InvariantError, OperatorError, UsageError
from assay.runtime.clock import SimClock

SMALL = 200


def open_log(folder: Path, **options: int) -> SegmentLog:
    return SegmentLog(folder, lambda known: known or b"name", **options)


def fill(log: SegmentLog, count: int) -> None:
    for _ in range(count):
        log.append([b"record %d" % (log.end + 1)], sync=False)


def numbers(folder: Path, after: int = 0) -> list[int]:
    reader = LogReader(folder, after)
    found = []
    while records := reader.read(7):
        for record in records:
            assert record.payload == b"record %d" % record.number
            found.append(record.number)
    return found


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SegmentLog]:
    log = open_log(tmp_path / "log", segment_bytes=SMALL)
    yield log
    log.close()


def test_records_come_back_in_order_over_segments(log: SegmentLog) -> None:
    fill(log, 40)
    assert len(list(log.folder.iterdir())) > 3
    assert numbers(log.folder) == list(range(1, 41))
    assert numbers(log.folder, after=25) == list(range(26, 41))


def test_others_read_nothing_of_it(tmp_path: Path) -> None:
    log = open_log(tmp_path / "deep" / "log")
    places = [tmp_path / "deep", log.folder, *log.folder.iterdir()]
    assert [each.stat().st_mode & 0o077 for each in places] == [0, 0, 0]
    log.close()


def test_a_reader_follows_a_writer(log: SegmentLog) -> None:
    reader = LogReader(log.folder)
    assert reader.read(10) == []
    for count in (1, 3, 20):
        fill(log, count)
        found = []
        while records := reader.read(10):
            found += records
        assert [each.number for each in found] == list(range(log.end - count + 1, log.end + 1))


@pytest.mark.parametrize("cut", [1, 5, 20, 23])
def test_a_torn_end_is_cut_off_and_written_anew(log: SegmentLog, cut: int) -> None:
    fill(log, 3)
    log.close()
    [path] = log.folder.iterdir()
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    again = open_log(log.folder, segment_bytes=SMALL)
    assert again.end == 2
    fill(again, 1)
    again.close()
    assert path.read_bytes() == content
    assert numbers(log.folder) == [1, 2, 3]


def test_a_wrong_octet_ends_the_log_before_it(log: SegmentLog) -> None:
    fill(log, 3)
    log.close()
    [path] = log.folder.iterdir()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    again = open_log(log.folder)
    again.close()
    assert again.end == 2


def test_a_damaged_head_is_told(log: SegmentLog) -> None:
    log.close()
    [path] = log.folder.iterdir()
    path.write_bytes(b"nothing of ours")
    with pytest.raises(DataError, match="no segment"):
        open_log(log.folder)


def test_numbers_that_were_skipped_are_not_used(log: SegmentLog) -> None:
    fill(log, 2)
    log.skip_to(9)
    fill(log, 1)
    log.skip_to(10)
    assert numbers(log.folder) == [1, 2, 10]
    with pytest.raises(InvariantError):
        log.skip_to(9)


def test_whole_segments_go_and_the_end_stays(log: SegmentLog) -> None:
    fill(log, 40)
    log.drop_through(20)
    left = numbers(log.folder)
    assert 10 < left[0] <= 21
    assert left[-1] == 40
    log.drop_through(40)
    log.close()
    again = open_log(log.folder, segment_bytes=SMALL)
    fill(again, 1)
    again.close()
    assert again.end == 41


def test_what_is_kept_for_memory_stays(log: SegmentLog) -> None:
    fill(log, 40)
    before = numbers(log.folder)
    log.drop_through(40, keep=1 << 20)
    assert numbers(log.folder) == before


def test_a_bounded_log_loses_its_oldest_and_the_stream_says_so(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log", segment_bytes=SMALL, bytes_max=1_000)
    sending = Sending("market", log)
    sending.resume(0)
    fill(log, 200)
    assert log.octets <= 1_000 + SMALL + 100
    gap, batch = sending.take(), sending.take()
    assert isinstance(gap, Gap)
    assert isinstance(batch, Batch)
    assert (gap.first, gap.last + 1) == (1, batch.first)
    while isinstance(more := sending.take(), Batch):
        assert more.first == batch.first + len(batch.records)
        batch = more
    assert batch.first + len(batch.records) - 1 == 200
    log.close()


def test_a_sender_waits_for_acknowledgements(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log")
    sending = Sending("market", log)
    sending.resume(0)
    log.append([b"x"] * (WINDOW + 10), sync=False)
    sent = 0
    while isinstance(frame := sending.take(), Batch):
        sent += len(frame.records)
    assert sent == WINDOW
    sending.acknowledge(4)
    frame = sending.take()
    assert isinstance(frame, Batch)
    assert len(frame.records) == 4
    with pytest.raises(DataError, match="acknowledged"):
        sending.acknowledge(WINDOW + 5)
    log.close()


@contextmanager
def full_disk(log: SegmentLog, *, room: int) -> Iterator[None]:
    """Let files take so many octets more than the log's newest segment has."""
    newest = max(log.folder.iterdir())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = newest.stat().st_size + room
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [40, 20_000])
@pytest.mark.parametrize("room", [0, 25])
def test_a_disk_that_was_full_leaves_the_log_whole(tmp_path: Path, size: int, room: int) -> None:
    log = open_log(tmp_path / "log")
    fill(log, 3)
    with full_disk(log, room=room), pytest.raises(OperatorError, match="free some disk"):
        log.append([b"x" * size], sync=True)
    fill(log, 3)
    assert numbers(log.folder) == [1, 2, 3, 4, 5, 6]
    log.close()
    again = open_log(tmp_path / "log")
    assert again.end == 6
    again.close()


def test_quotes_that_a_full_disk_did_not_take_are_taken_when_they_come_again(
    tmp_path: Path,
) -> None:
    clock, codec = SimClock(1), PackedCodec()
    inbox = StreamInbox(tmp_path / "market", MARKET, clock)
    quotes = [Raw(codec.encode(Quote("EURUSD", at, 0, at, 5, 110_000, 110_010))) for at in (1, 2)]
    with full_disk(inbox._log, room=0), pytest.raises(OperatorError, match="free some disk"):
        inbox.take(1, quotes, codec)
    inbox.take(1, quotes, codec)
    assert (inbox.end, inbox.known) == (2, 0)
    inbox.take(3, quotes, codec)
    assert (inbox.end, inbox.known) == (2, 2)
    inbox.close()


@pytest.mark.parametrize("torn", [b"", b"12 3"])
def test_marks_that_a_power_cut_tore_end_nothing(tmp_path: Path, torn: bytes) -> None:
    clock, codec = SimClock(1), PackedCodec()
    box = EdgeBox(tmp_path, clock)
    box.account.take(1, [Raw(codec.encode(Noted(7, "received")))], codec)
    (box.account.folder / CONFIRMED).write_bytes(torn)
    box.account.trim()
    assert box.account.end == 1
    box.close()
    (tmp_path / FETCHED).write_bytes(torn)
    again = EdgeBox(tmp_path, clock)
    assert not again.fetch()
    again.close()


def test_an_end_that_holds_more_than_our_disk_is_believed(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log")
    fill(log, 3)
    sending = Sending("market", log)
    sending.resume(8)
    fill(log, 1)
    frame = sending.take()
    assert isinstance(frame, Batch)
    assert frame.first == 9
    log.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 8)), max_size=60))
def test_a_receiver_takes_each_number_once_in_order(frames: list[tuple[int, int]]) -> None:
    """Whatever comes in whatever order, what is taken is 1, 2, 3, … without a hole."""
    state, taken = Receiving(), list[int]()
    for first, count in frames:
        skip = state.skip(first, count)
        if skip is None:
            assert first > state.last + 1
            continue
        if skip < count:
            taken += range(first + skip, first + count)
            state.advance(first + count - 1)
    assert taken == list(range(1, state.last + 1))


def test_a_hole_is_asked_for_once() -> None:
    state = Receiving(last=4)
    assert [state.wants(), state.wants(), state.wants(anew=True)] == [5, None, 5]
    state.advance(5)
    assert state.wants() == 6


@pytest.mark.parametrize(
    "url",
    ["wss://desk.example", "http://desk.example:1", "ws://desk.example:8001", "tcp://10.0.0.1:5",
     "wss://me:secret@desk.example:8001", "wss://desk.example:8001?token=x", "wss://:1", "x"],
)  # fmt: skip
def test_an_address_that_would_betray_something_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        parse_address(url)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1", "ws://[::1]:1", "ws://localhost:2"])
def test_this_machine_may_speak_in_clear(url: str) -> None:
    assert parse_address(url).port in (1, 2)


def test_a_token_comes_from_a_private_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("ab" * 32 + "\n")
    file.chmod(0o600)
    assert read_token(file) == "ab" * 32
    file.chmod(0o640)
    with pytest.raises(OperatorError, match="chmod 600"):
        read_token(file)
    with pytest.raises(OperatorError, match="cannot be read"):
        read_token(tmp_path / "none")
    with pytest.raises(UsageError, match="ASSAY_EDGE_TOKEN"):
        read_token(None)
    monkeypatch.setenv("ASSAY_EDGE_TOKEN", "cd" * 32)
    assert read_token(None) == "cd" * 32
