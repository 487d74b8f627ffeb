"""However it is written and read: what is seen is what was written, and the rest is lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.runtime.ring import RingReader, RingWriter

CAPACITY = 1 << 10
SIZES = st.integers(0, CAPACITY // 4 + 16)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), SIZES),
        st.tuples(st.just("poll"), st.integers(1, 20)),
        st.tuples(st.just("reopen"), st.just(0)),
    ),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_seen_and_lost_add_up(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ring"
        writer = RingWriter(path, CAPACITY)
        reader = RingReader(path)
        written: list[bytes] = []
        seen: list[int] = []
        lost = 0
        for action, number in [*steps, ("publish", 8), ("poll", 10_000)]:
            if action == "publish":
                payload = bytes([len(written) % 251]) * number
                writer.publish(payload, mark=len(written))
                written.append(payload)
            elif action == "reopen":
                writer.close()
                writer = RingWriter(path, CAPACITY)
            else:
                found = reader.poll(number)
                lost += found.lost
                seen += [frame.mark for frame in found.frames]
                assert all(written[frame.mark] == frame.payload for frame in found.frames)
        assert seen == sorted(set(seen))
        assert seen[-1] == len(written) - 1
        assert len(seen) + lost == len(written)
        writer.close()
        reader.close()
