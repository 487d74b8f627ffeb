from __future__ import annotations

import pytest

from assay.model.errors import InvariantError
from assay.runtime.ids import PRODUCER_MAX, IdSource, Rng, fresh_seed, fresh_token


def test_producers_never_meet_and_stay_within_63_bits() -> None:
    first, second = IdSource(1), IdSource(2)
    assert first.next() == (1 << 48) | 1
    assert {first.next() for _ in range(100)}.isdisjoint(second.next() for _ in range(100))
    assert IdSource(PRODUCER_MAX, (1 << 48) - 2).next() == 2**63 - 1


def test_a_source_goes_on_where_it_stopped() -> None:
    before = IdSource(3)
    given = [before.next() for _ in range(3)]
    after = IdSource(3, before.state)
    assert after.next() == given[-1] + 1


@pytest.mark.parametrize(("producer", "start"), [(-1, 0), (PRODUCER_MAX + 1, 0), (0, -1)])
def test_impossible_sources_are_refused(producer: int, start: int) -> None:
    with pytest.raises(InvariantError, match="outside"):
        IdSource(producer, start)


def test_a_source_never_overflows_into_the_next_producer() -> None:
    with pytest.raises(InvariantError, match="used all its ids"):
        IdSource(0, (1 << 48) - 1).next()


def test_equal_seeds_draw_equally() -> None:
    assert [Rng(7).random() for _ in range(2)] == [Rng(7).random() for _ in range(2)]
    assert Rng(7).random() != Rng(8).random()
    assert 0 <= fresh_seed() < 2**63
    assert fresh_token() != fresh_token()
