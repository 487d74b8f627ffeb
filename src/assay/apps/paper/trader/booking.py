"""Books that go on over several runs."""

from __future__ import annotations

from assay.apps.topology import Topology
from assay.model.messages import EntryPosted
from assay.runtime.journal import Journal


def follow_books(topology: Topology, journal: Journal, position: int) -> None:
    """Let a run's books go on in number where those before a position of the journal ended."""
    entries: dict[str, int] = {}
    for recorded in journal.read(kinds=("EntryPosted",)):
        if recorded.position > position:
            break
        if isinstance(recorded.message, EntryPosted):
            entries[recorded.message.tenant] = recorded.message.entry
    topology.ledger.follow(entries)
    topology.reconciler.follow(entries)
