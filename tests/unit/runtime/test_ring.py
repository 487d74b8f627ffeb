"""The ring: order, overrun by name, death of either side, torn records, its twins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assay.model.errors import UsageError
from assay.runtime.clock import Deadline
from assay.runtime.ring import Frame, MemoryRing, NullRing, Polled, RingReader, RingWriter
from assay.runtime.ring.layout import HEADER, RECORD, WORD_LAST

SMALL = 1 << 10


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ring"


def test_each_reader_sees_every_frame_in_order(path: Path) -> None:
    writer = RingWriter(path, SMALL)
    readers = [RingReader(path), RingReader(path)]
    for number in range(10):
        writer.publish(b"frame %d" % number, mark=number)
    expected = [Frame(number, b"frame %d" % number) for number in range(10)]
    assert readers[0].poll() == Polled(expected, 0)
    assert readers[1].poll(4) == Polled(expected[:4], 0)
    assert readers[1].behind == 6
    assert readers[1].poll() == Polled(expected[4:], 0)
    assert readers[0].poll() == Polled([], 0)
    assert RingReader(path).poll().frames == expected[-1:]


def test_a_slow_reader_learns_how_many_it_lost(path: Path) -> None:
    writer, reader = RingWriter(path, SMALL), RingReader(path)
    for number in range(100):
        writer.publish(b"x" * 40, mark=number)
    assert reader.poll() == Polled([Frame(99, b"x" * 40)], 99)
    writer.publish(b"next", mark=100)
    assert reader.poll() == Polled([Frame(100, b"next")], 0)


def test_a_frame_too_large_counts_as_lost(path: Path) -> None:
    writer, reader = RingWriter(path, SMALL), RingReader(path)
    writer.publish(b"a")
    writer.publish(b"x" * (SMALL // 4 + 1))
    writer.publish(b"b")
    assert reader.poll() == Polled([Frame(0, b"a"), Frame(0, b"b")], 1)


def test_a_new_writer_goes_on_where_the_old_one_died(path: Path) -> None:
    first, reader = RingWriter(path, SMALL), RingReader(path)
    first.publish(b"before")
    # What a writer leaves that dies in the middle of a record.
    first._words[3] += 64
    first._data[first._head : first._head + 4] = b"torn"
    second = RingWriter(path, SMALL)
    second.publish(b"after")
    assert (first.epoch, second.epoch, reader.epoch) == (2, 2, 2)
    assert reader.poll() == Polled([Frame(0, b"before"), Frame(0, b"after")], 0)


def test_a_damaged_last_record_is_jumped_over(path: Path) -> None:
    writer, reader = RingWriter(path, SMALL), RingReader(path)
    for number in range(5):
        writer.publish(b"frame", mark=number)
    place = writer._words[WORD_LAST] + RECORD.size
    writer.close()
    octets = bytearray(path.read_bytes())
    octets[HEADER + place] ^= 1
    with path.open("r+b") as file:
        file.write(octets)
    again = RingWriter(path, SMALL)
    again.publish(b"anew", mark=9)
    found = reader.poll()
    assert (found.frames[-1], found.lost) == (Frame(9, b"anew"), 5)


def test_a_torn_record_is_never_handed_out(path: Path) -> None:
    writer, reader = RingWriter(path, SMALL), RingReader(path)
    writer.publish(b"whole")
    writer._data[RECORD.size] ^= 0xFF
    assert reader.poll() == Polled([], 0)
    writer.publish(b"next")
    assert reader.poll().frames == [Frame(0, b"next")]


def test_a_reader_waits_for_its_writer_and_follows_a_new_file(path: Path) -> None:
    reader = RingReader(path)
    assert (reader.poll(), reader.epoch, reader.behind) == (Polled([], 0), 0, 0)
    writer = RingWriter(path, SMALL)
    writer.publish(b"first")
    assert reader.poll().frames == [Frame(0, b"first")]
    larger = RingWriter(path, 4 * SMALL)
    reader.poll()
    larger.publish(b"second")
    assert reader.poll().frames == [Frame(0, b"second")]
    reader.close()
    reader.close()


def test_a_file_of_another_form_is_replaced(path: Path) -> None:
    path.write_bytes(b"no ring at all" * 1000)
    assert RingReader(path).poll() == Polled([], 0)
    RingWriter(path, SMALL).publish(b"x")
    assert RingReader(path).poll().frames == [Frame(0, b"x")]
    with pytest.raises(UsageError, match="capacity 100"):
        RingWriter(path, 100)


def test_the_twin_in_memory_and_the_one_that_forgets() -> None:
    ring = MemoryRing(capacity=8)
    reader = ring.subscribe()
    for number in range(5):
        ring.publish(b"x", mark=number)
    assert [frame.mark for frame in reader.poll(2).frames] == [0, 1]
    for number in range(5, 20):
        ring.publish(b"x", mark=number)
    assert reader.poll() == Polled([Frame(19, b"x")], 17)
    assert ring.subscribe().poll().frames == [Frame(19, b"x")]
    NullRing().publish(b"x")


READER = """
import sys
from pathlib import Path
from assay.runtime.ring import RingReader
reader = RingReader(Path(sys.argv[1]))
print("ready", flush=True)
seen = lost = 0
while True:
    found = reader.poll(64)
    lost += found.lost
    for mark, payload in found.frames:
        if payload == b"end":
            print(seen, lost, flush=True)
            sys.exit(0)
        if payload != bytes([mark % 251]) * (mark % 150):
            print("torn", mark, flush=True)
            sys.exit(1)
        seen += 1
"""


def test_a_reader_in_another_process_never_sees_a_torn_frame(path: Path) -> None:
    writer = RingWriter(path, SMALL)
    told = [sys.executable, "-c", READER, str(path)]
    with subprocess.Popen(told, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        total, deadline = 0, Deadline(30.0)
        while total < 100_000 and not deadline.has_passed():
            writer.publish(bytes([total % 251]) * (total % 150), mark=total)
            total += 1
        while reader.poll() is None and not deadline.has_passed():
            writer.publish(b"end")
            deadline.pause(0.001)
        told_back = reader.stdout.read()
    seen, lost = map(int, told_back.split())
    assert total <= seen + lost
    assert seen > 0
