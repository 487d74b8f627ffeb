"""Whatever is changed in a sealed audit is found, and the first bad entry is named."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.books.audit import (
    AuditEntry,
    AuditReport,
    ExportFile,
    Head,
    MemoryAudit,
    MemoryChains,
    PublicKey,
    Seal,
    SigningKey,
    StartLine,
    load_public_key,
    open_key,
    read_heads,
    verify_chains,
    write_export,
)
from assay.books.audit.heads import encode_head, parse_head, sign_head
from assay.books.audit.seals import seal_entries
from assay.model.errors import DataError
from assay.runtime.journal import RawRecord
from tests.contract.audits import audited_memory, mixed

MESSAGES, BATCH = 90, 12
TENANT = "a"


class Sound:
    """Hold an audit in which everything is as it should be."""

    def __init__(self, held: MemoryAudit, heads: dict[str, Head | str], key: PublicKey) -> None:
        self.held, self.heads, self.key = held, heads, key


@pytest.fixture(scope="module")
def sound() -> Iterator[Sound]:
    with tempfile.TemporaryDirectory() as folder:
        audited, held = audited_memory(Path(folder))
        audited.record(mixed(1, MESSAGES))
        audited.follow(batch=BATCH)
        yield Sound(held, read_heads(audited.heads), load_public_key(Path(folder)))


class Alone(MemoryChains):
    """Show chains without the journal they came from."""

    def journal(self, tenant: str) -> Iterator[RawRecord] | None:  # type: ignore[override]
        return None


def verify(
    sound: Sound,
    entries: list[AuditEntry] | None = None,
    seals: list[Seal] | None = None,
    *,
    heads: dict[str, Head | str] | None = None,
    alone: bool = True,
) -> AuditReport:
    held = replace(
        sound.held,
        entries=sound.held.entries if entries is None else entries,
        seals=sound.held.seals if seals is None else seals,
    )
    chains = Alone(held) if alone else MemoryChains(held)
    return verify_chains(chains, sound.heads if heads is None else heads, sound.key)


def entries_of(sound: Sound) -> list[AuditEntry]:
    return [each for each in sound.held.entries if each.tenant == TENANT]


def seals_of(sound: Sound) -> list[Seal]:
    return [each for each in sound.held.seals if each.tenant == TENANT]


def swapped_in(sound: Sound, changed: dict[AuditEntry, AuditEntry | None]) -> list[AuditEntry]:
    found = [changed.get(each, each) for each in sound.held.entries]
    return [each for each in found if each is not None]


def flip(content: bytes, at: int, bit: int) -> bytes:
    at %= len(content)
    return content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]


def change(value: int | str | bytes, at: int, bit: int) -> int | str | bytes:
    if isinstance(value, int):
        return value ^ (1 << (at % 62))
    if isinstance(value, str):
        return value + "x" if at % 2 else value[:-1] + chr(ord(value[-1:] or "a") ^ 1)
    return flip(value, at, bit)


PLACE = st.integers(0, 10_000)
BIT = st.integers(0, 7)
BOTH = st.booleans()


def test_untouched_it_holds(sound: Sound) -> None:
    for alone in (True, False):
        report = verify(sound, alone=alone)
        assert (report.ok, report.entries, report.first_bad) == (True, MESSAGES, None)


@given(which=PLACE, field=st.integers(2, 7), at=PLACE, bit=BIT, alone=BOTH)
@settings(max_examples=60, deadline=None)
def test_a_changed_byte_of_an_entry(
    sound: Sound, which: int, field: int, at: int, bit: int, alone: bool
) -> None:
    chain = entries_of(sound)
    entry = chain[which % len(chain)]
    values = list(entry)
    values[field] = change(values[field], at, bit)  # type: ignore[arg-type]
    report = verify(sound, swapped_in(sound, {entry: AuditEntry(*values)}), alone=alone)  # type: ignore[arg-type]
    assert (report.ok, report.tenant, report.first_bad) == (False, TENANT, entry.number)


@given(which=PLACE, alone=BOTH)
@settings(max_examples=60, deadline=None)
def test_a_deleted_entry(sound: Sound, which: int, alone: bool) -> None:
    chain = entries_of(sound)
    entry = chain[which % len(chain)]
    report = verify(sound, swapped_in(sound, {entry: None}), alone=alone)
    assert (report.ok, report.tenant, report.first_bad) == (False, TENANT, entry.number)


@given(which=PLACE, alone=BOTH)
@settings(max_examples=60, deadline=None)
def test_an_entry_deleted_and_the_rest_renumbered(sound: Sound, which: int, alone: bool) -> None:
    chain = entries_of(sound)
    gone = chain[which % len(chain)]
    changed: dict[AuditEntry, AuditEntry | None] = {gone: None}
    for each in chain[gone.number :]:
        changed[each] = each._replace(number=each.number - 1)
    report = verify(sound, swapped_in(sound, changed), alone=alone)
    assert (report.ok, report.tenant, report.first_bad) == (False, TENANT, gone.number)


@given(which=PLACE, alone=BOTH)
@settings(max_examples=60, deadline=None)
def test_an_inserted_entry(sound: Sound, which: int, alone: bool) -> None:
    chain = entries_of(sound)
    at = chain[which % len(chain)]
    changed: dict[AuditEntry, AuditEntry | None] = {
        each: each._replace(number=each.number + 1) for each in chain[at.number - 1 :]
    }
    entries = [*swapped_in(sound, changed), at._replace(payload=at.payload + b"\xc0")]
    report = verify(sound, entries, alone=alone)
    assert (report.ok, report.tenant, report.first_bad) == (False, TENANT, at.number)


@given(one=PLACE, other=PLACE, alone=BOTH)
@settings(max_examples=60, deadline=None)
def test_two_swapped_entries(sound: Sound, one: int, other: int, alone: bool) -> None:
    chain = entries_of(sound)
    first, second = sorted((one % len(chain), other % len(chain)))
    if first == second:
        return
    left, right = chain[first], chain[second]
    changed: dict[AuditEntry, AuditEntry | None] = {
        left: right._replace(number=left.number), right: left._replace(number=right.number),
    }  # fmt: skip
    report = verify(sound, swapped_in(sound, changed), alone=alone)
    assert (report.ok, report.tenant, report.first_bad) == (False, TENANT, left.number)


@given(left=PLACE, alone=BOTH, seals_too=BOTH)
@settings(max_examples=60, deadline=None)
def test_a_tail_cut_off(sound: Sound, left: int, alone: bool, seals_too: bool) -> None:
    chain = seals_of(sound)
    kept = chain[: left % len(chain)]
    length = kept[-1].last if kept else 0
    changed: dict[AuditEntry, AuditEntry | None] = dict.fromkeys(entries_of(sound)[length:])
    seals = [each for each in sound.held.seals if each.tenant != TENANT] + kept
    report = verify(sound, swapped_in(sound, changed), seals if seals_too else None, alone=alone)
    assert (report.ok, report.tenant, report.first_bad) == (False, TENANT, length + 1)


@given(which=PLACE, field=st.integers(1, 10), at=PLACE, bit=BIT, alone=BOTH)
@settings(max_examples=60, deadline=None)
def test_a_changed_byte_of_a_seal(
    sound: Sound, which: int, field: int, at: int, bit: int, alone: bool
) -> None:
    chain = seals_of(sound)
    seal = chain[which % len(chain)]
    values = list(seal)
    values[field] = change(values[field], at, bit)  # type: ignore[arg-type]
    seals = [Seal(*values) if each == seal else each for each in sound.held.seals]  # type: ignore[arg-type]
    report = verify(sound, seals=seals, alone=alone)
    assert (report.ok, report.tenant) == (False, TENANT)
    # A number that is now too high leaves a hole where it was, one too low stands before it.
    assert report.first_bad is not None
    assert report.first_bad <= seal.first


@given(which=PLACE, alone=BOTH)
@settings(max_examples=60, deadline=None)
def test_a_deleted_seal(sound: Sound, which: int, alone: bool) -> None:
    chain = seals_of(sound)
    seal = chain[which % len(chain)]
    report = verify(sound, seals=[each for each in sound.held.seals if each != seal], alone=alone)
    assert (report.ok, report.tenant, report.first_bad) == (False, TENANT, seal.first)


def forge(sound: Sound, key: SigningKey, changed: int) -> tuple[list[AuditEntry], list[Seal], Head]:
    """Seal the whole chain anew with one entry changed, as somebody without our key would."""
    chain = entries_of(sound)
    chain[changed] = chain[changed]._replace(payload=chain[changed].payload + b"\xc0")
    seals: list[Seal] = []
    for seal in seals_of(sound):
        batch = chain[seal.first - 1 : seal.last]
        seals.append(seal_entries(batch, seals[-1] if seals else None, key, seal.sealed_at))
    others = [each for each in sound.held.entries if each.tenant != TENANT]
    other_seals = [each for each in sound.held.seals if each.tenant != TENANT]
    return [*others, *chain], [*other_seals, *seals], sign_head(TENANT, seals[-1], key)


@given(which=PLACE, alone=BOTH, head_too=BOTH)
@settings(max_examples=20, deadline=None)
def test_a_chain_replaced_by_a_forgery(
    sound: Sound, which: int, alone: bool, head_too: bool
) -> None:
    at = which % len(entries_of(sound))
    entries, seals, head = forge(sound, SigningKey.generate(), at)
    heads = {**sound.heads, TENANT: head} if head_too else sound.heads
    report = verify(sound, entries, seals, heads=heads, alone=alone)
    assert (report.ok, report.tenant) == (False, TENANT)
    # Without the key nothing of the first batch holds; the journal may know better which entry.
    is_named = not alone and at < seals_of(sound)[0].size
    assert report.first_bad == (at + 1 if is_named else 1)


@given(at=PLACE, bit=BIT)
@settings(max_examples=60, deadline=None)
def test_a_changed_byte_of_a_head(sound: Sound, at: int, bit: int) -> None:
    head = sound.heads[TENANT]
    assert isinstance(head, Head)
    found: Head | str
    try:
        found = parse_head(flip(encode_head(head), at, bit), "file")
    except DataError as error:
        found = str(error)
    report = verify(sound, heads={**sound.heads, TENANT: found})
    assert (report.ok, report.tenant, report.first_bad) == (False, TENANT, 1)


def test_an_earlier_head_finds_a_chain_rewritten_with_the_key_itself() -> None:
    with tempfile.TemporaryDirectory() as folder:
        audited, held = audited_memory(Path(folder))
        audited.record(mixed(1, MESSAGES))
        audited.follow(batch=BATCH, rounds=3)
        kept = audited.heads.read(TENANT)
        audited.follow(batch=BATCH)
        assert kept is not None
        key = load_public_key(Path(folder))
        heads = read_heads(audited.heads)
        marks = {TENANT: kept}
        assert verify_chains(Alone(held), heads, key, checkpoints=marks).ok
        own = open_key(Path(folder))
        held.entries, held.seals, heads[TENANT] = forge(Sound(held, heads, key), own, 2)
        assert verify_chains(Alone(held), heads, key).ok
        report = verify_chains(Alone(held), heads, key, checkpoints=marks)
        assert (report.ok, report.tenant) == (False, TENANT)
        assert "checkpoint" in str(report.reason)


def test_the_journal_names_the_entry_that_a_forger_has_sealed(sound: Sound) -> None:
    entries, seals, _ = forge(sound, SigningKey.generate(), 4)
    assert verify(sound, entries, seals, alone=False).first_bad == 5


def test_an_entry_whose_message_is_gone_from_the_journal(sound: Sound) -> None:
    held = replace(sound.held.journal, messages=sound.held.journal.messages[:-1])
    cut = replace(sound.held, journal=held)
    report = verify_chains(MemoryChains(cut), sound.heads, sound.key)
    assert "the journal holds no message" in str(report.reason)


def test_a_journalled_message_without_an_entry(sound: Sound) -> None:
    journal = replace(
        sound.held.journal, messages=[*sound.held.journal.messages, *mixed(MESSAGES + 1, 1)]
    )
    covered = replace(sound.held, journal=journal, position=MESSAGES + 1)
    report = verify_chains(MemoryChains(covered), sound.heads, sound.key)
    assert not report.ok
    assert "has no entry" in str(report.reason)


class Export:
    """Hold the bytes of an evidence file, too many for Hypothesis to print with an example."""

    def __init__(self, content: bytes) -> None:
        self.content = content


@pytest.fixture(scope="module")
def exported(sound: Sound) -> Export:
    sink = BytesIO()
    start = StartLine(1, "test", 1, sound.key.pem.decode())
    write_export(sink, MemoryChains(sound.held), sound.heads, start)
    return Export(sink.getvalue())


def verify_file(content: bytes, key: PublicKey) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.jsonl"
        path.write_bytes(content)
        held = ExportFile(path)
        own = PublicKey.parse(held.start.public_key.encode(), path)
        report = verify_chains(held, held.heads, own)
        return report.ok and held.flaw is None and own.pem == key.pem


def test_an_untouched_export_holds(sound: Sound, exported: Export) -> None:
    assert verify_file(exported.content, sound.key)


@given(at=st.integers(0, 1 << 30), bit=BIT)
@example(at=106, bit=0)  # names another kind of key
@settings(max_examples=150, deadline=None)
def test_a_changed_byte_of_an_export(sound: Sound, exported: Export, at: int, bit: int) -> None:
    with suppress(DataError):  # no evidence file any more
        assert not verify_file(flip(exported.content, at, bit), sound.key)


LINES: dict[str, Callable[[list[bytes], int], list[bytes]]] = {
    "dropped": lambda lines, at: lines[:at] + lines[at + 1 :],
    "doubled": lambda lines, at: lines[: at + 1] + lines[at:],
    "swapped": lambda lines, at: [*lines[:at], *lines[at : at + 2][::-1], *lines[at + 2 :]],
    "cut": lambda lines, at: lines[:at],
}


@given(at=PLACE, how=st.sampled_from(sorted(LINES)))
@settings(max_examples=60, deadline=None)
def test_a_moved_line_of_an_export(sound: Sound, exported: Export, at: int, how: str) -> None:
    lines = exported.content.splitlines(keepends=True)
    changed = b"".join(LINES[how](lines, 1 + at % (len(lines) - 2)))
    with suppress(DataError):  # no evidence file any more
        assert not verify_file(changed, sound.key)
