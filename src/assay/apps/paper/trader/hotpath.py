"""The hot path of paper trading: feed, modules, journal, broker; a start is a recovery."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from assay import __version__
from assay.apps.lab.runs.drivers import FEED, PLATFORM
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.trader.agreement import agrees
from assay.apps.paper.trader.booking import follow_books
from assay.apps.paper.trader.cursor import (
    MODULE,
    Cursor,
    Ordered,
    Recovery,
    Saved,
    Shadowing,
    read_cursor,
)
from assay.apps.paper.trader.entries import halts_kept, tell_halt, tell_release
from assay.apps.paper.trader.limits import check_changes, limits_set, tell_limits
from assay.apps.paper.trader.producers import (
    CONTROL,
    RECORD_MESSAGES,
    VENUE,
    WATCHED,
    Outgoing,
    counter_of,
    inputs_of,
    opens_risk,
    other_than,
    outbox_key,
    publish_all,
)
from assay.apps.topology import Topology, build_topology
from assay.model.errors import DataError, InvariantError
from assay.model.halts import EntryHalt
from assay.model.messages import (
    CancelRequested,
    ChangeRequested,
    Message,
    ModelPromoted,
    OrderSubmitted,
    PlatformRecovered,
    PlatformStarted,
    TradingHalted,
    TradingResumed,
    decode_message,
    encode_message,
)
from assay.runtime.clock import Clock
from assay.runtime.ids import COUNTER_BITS, IdSource
from assay.runtime.journal import Batch, Halt, Journal, Recorded
from assay.runtime.ring import NullRing, Publisher
from assay.runtime.runners import InlineRunner
from assay.trading.brokers.ports import Broker
from assay.trading.engine.naming import IN_PARTS

if TYPE_CHECKING:  # ONNX Runtime is loaded only where a model trades
    from assay.apps.paper.models.candidates import Candidate, Candidates

SNAPSHOT_FORMAT = 4
"""Goes up with the shape of the engine's arrays; what an older program left is not read."""
SNAPSHOT_EVERY = 8_000
"""Messages between snapshots: what a recovery replays at most, in some two seconds."""
SNAPSHOT_AT_LAST = 32_000
"""A commit that carries an order leaves the snapshot to the next one, but not for ever."""


class PaperTrader:
    """Trade a feed of market messages so that a kill at any moment changes nothing.

    Everything an event leads to is committed together with the place in the feed. An order is
    handed to the broker only after that commit; at a start, orders whose fate is unknown are
    looked up at the broker by key before anything is sent. What is committed goes to `ring`, each
    message's bytes with its place in the journal. `trials` and `governance` are the lines and last
    hash of the home's ledgers of that name, which a start puts into the record. `candidates` are
    the models that may take the place of the one that serves; without them none can.
    """

    def __init__(
        self, setup: Setup, setup_id: str, journal: Journal, broker: Broker, clock: Clock,
        *, wire: bool = False,
    ) -> None:  # fmt: skip
        self.setup_id = setup_id
        self._journal, self._broker, self._clock, self._wire = journal, broker, clock, wire
        self._ids = IdSource(PLATFORM)
        self._build(setup)
        self._buffer: list[Message] = []
        self._orders: list[Outgoing] = []
        self._since_snapshot = 0
        self._run = 1
        self.ring: Publisher = NullRing()
        self.trials: tuple[int, str] = (0, "")
        self.governance: tuple[int, str] = (0, "")
        self.candidates: Candidates | None = None
        self._promoted: tuple[str, int] = ("", 0)
        self.shadowing, self.judged = Shadowing(), -1
        self.ordered: Ordered | None = None
        self.next = self.fed = self.heard = 0
        self.tenant = setup.account.tenant

    def _build(self, setup: Setup) -> None:
        self.setup = setup
        self.topology: Topology = build_topology(setup, self._next_id, watches=True)
        self._runner: InlineRunner = self.topology.runner(wire=self._wire)

    def _open_run(self, run: int) -> None:
        """Give each run after the first an account, and so books and order keys, of its own."""
        self._run = run
        if run > 1:
            account = msgspec.structs.replace(
                self.setup.account, id=f"{self.setup.account.id}-{run}"
            )
            self._build(replace(self.setup, account=account))

    def _next_id(self) -> int:
        return self._ids.next()

    @property
    def halted(self) -> bool:
        """Say whether new orders are refused."""
        return bool(self.topology.desk.world.accounts[0]["halted"])

    def recover(self) -> Recovery:
        """Bring the modules to the last commit, settle unknown orders, and say where to go on."""
        cursor = read_cursor(self._journal)
        if cursor is None or cursor.setup != self.setup_id:
            found = self._begin(cursor)
        else:
            found = self._resume(cursor)
        self._apply_kept_halt()
        self._settle_unknown_orders()
        return found

    def _control_id(self) -> int:
        return (CONTROL << COUNTER_BITS) | (self.position + 1)

    def _begin(self, last: Cursor | None) -> Recovery:
        run = 1
        if last is not None:
            run, self.fed = last.run + 1, last.fed + last.next
            self._ids = IdSource(PLATFORM, last.ids)
        self._open_run(run)
        self._follow_books(self._journal.last_position())
        now = self._clock.now_ns()
        started = PlatformStarted(
            id=self._control_id(), ts_event=now, ts_init=now, version=__version__, run=str(run),
            trial_lines=self.trials[0], trials_hash=self.trials[1],
            governance_lines=self.governance[0], governance_hash=self.governance[1],
        )  # fmt: skip
        self._take(started)
        if kept := limits_set(self._journal, self.tenant):
            self._limit(kept, "set in an earlier run", "assay")
        for halt in halts_kept(self._journal, self.tenant):
            self._take(self.sign(tell_halt(halt, self.tenant)))
        self.commit(with_snapshot=True)
        return Recovery(next=0, run=run)

    def _follow_books(self, position: int) -> None:
        if self._run > 1:
            follow_books(self.topology, self._journal, position)

    def _resume(self, cursor: Cursor) -> Recovery:
        self._open_run(cursor.run)
        self.fed, self._promoted = cursor.fed, (cursor.model, cursor.line)
        self.shadowing, self.judged = cursor.shadowing, cursor.judged
        self.ordered, self.heard = cursor.ordered, cursor.heard
        snapshot = self._journal.load_snapshot(MODULE)
        if snapshot is None or snapshot[1] != SNAPSHOT_FORMAT:
            position = self._rewind(cursor)
        else:
            position, _, state = snapshot
            self._return_to_model_at(position)
            saved = msgspec.msgpack.decode(state, type=Saved)
            self.topology.restore(saved.modules)
            self._ids = IdSource(PLATFORM, saved.ids)
            self.next = saved.next
        replayed = self._replay(position)
        if self.next != cursor.next:
            raise InvariantError(f"recovered to event {self.next}, the cursor is at {cursor.next}")
        now = self._clock.now_ns()
        end = self._journal.last_position()
        recovered = PlatformRecovered(
            id=self._control_id(), ts_event=now, ts_init=now, version=__version__,
            run=str(cursor.run), position=end, replayed=replayed,
            trial_lines=self.trials[0], trials_hash=self.trials[1],
            governance_lines=self.governance[0], governance_hash=self.governance[1],
        )  # fmt: skip
        self._buffer.append(recovered)
        self.commit(with_snapshot=True)
        return Recovery(next=self.next, run=cursor.run, position=end, replayed=replayed, found=True)

    def _rewind(self, cursor: Cursor) -> int:
        """Go back to where a run began, for want of a snapshot; return the position before it."""
        begun = 0
        for recorded in self._journal.read(kinds=("PlatformStarted",)):
            if recorded.message.run == str(cursor.run):  # type: ignore[attr-defined]
                begun = recorded.position
        if not begun:
            raise InvariantError(
                f"the journal has neither snapshot nor start of run {cursor.run}; restore a backup"
            )
        self._return_to_model_at(begun)
        self._follow_books(begun - 1)
        ids = (each.message.id for each in self._journal.read(begun))
        first = next((number for number in ids if number >> COUNTER_BITS == PLATFORM), None)
        self._ids = IdSource(PLATFORM, cursor.ids if first is None else counter_of(first) - 1)
        return begun - 1

    def _return_to_model_at(self, position: int) -> None:
        """Let the model serve that served then, where another was promoted after it."""
        for later in self._journal.read(position, kinds=("ModelPromoted",), limit=1):
            assert isinstance(later.message, ModelPromoted)
            self._build(self._require_candidates().dress(self.setup, later.message.before))

    def _require_candidates(self) -> Candidates:
        if self.candidates is None:
            raise InvariantError("a model was promoted in a run that knows of no candidates")
        return self.candidates

    def _replay(self, position: int) -> int:
        """Push the inputs after a position again; what follows must be what was recorded."""
        replayed = 0
        for given, followed in inputs_of(self._journal.read(position)):
            self._remember(each.message for each in followed)
            if isinstance(given.message, ModelPromoted):
                told = given.message
                candidates = self._require_candidates()
                self._give_way(candidates.prepare(told.model, told.digest, self.next), told.line)
            answers = self._runner.push(given.message)[1:]
            for answer, recorded in zip(answers, followed, strict=False):
                if not agrees(answer, recorded.message):
                    raise other_than(recorded)
            if len(followed) > len(answers):
                raise other_than(followed[len(answers)])
            if len(answers) > len(followed):
                left = len(answers) - len(followed)
                raise InvariantError(f"replay gave {left} messages that nobody recorded")
            producer, counter = given.message.id >> COUNTER_BITS, counter_of(given.message.id)
            if producer == FEED:
                self.next = counter - self.fed
            elif producer == VENUE:
                self.heard = counter // RECORD_MESSAGES
            replayed += 1
        return replayed

    def _remember(self, recorded: Iterable[Message]) -> None:
        """Let the members of an ensemble vote as they did: who was late then is absent again."""
        if self.topology.predictor is not None:
            self.topology.predictor.recall(recorded)

    def _settle_unknown_orders(self) -> None:
        for order in self._journal.unconfirmed_orders():
            if self._broker.knows(order.key):
                self._journal.mark_confirmed(order.key, self._clock.now_ns())
                continue
            waiting = decode_message(order.payload)
            assert isinstance(waiting, Outgoing)
            # The kill switch may have been engaged since it was decided.
            lapses = self.halted and opens_risk(waiting, self.topology.desk.venues)
            self._hand_over(waiting, lapses=lapses)

    def _apply_kept_halt(self) -> None:
        kept = self.kept_halt
        if kept.engaged and not self.halted:
            self.halt(kept.reason, kept.by)
        elif self.halted and not kept.engaged:
            self.resume(kept.reason, kept.by)

    def halt(self, reason: str, by: str) -> None:
        """Engage the kill switch: durable first, then resting orders go, new ones are refused."""
        self._journal.set_halt(Halt(self.tenant, True, reason, by, self._clock.now_ns()))
        told = TradingHalted(id=0, tenant=self.tenant, ts_event=0, ts_init=0, reason=reason, by=by)
        self._take(self.sign(told))
        self.commit()

    def resume(self, reason: str, by: str) -> None:
        """Release the kill switch, by name."""
        now = self._clock.now_ns()
        self._take(
            TradingResumed(
                id=self._control_id(), tenant=self.tenant, ts_event=now, ts_init=now,
                reason=reason, by=by,
            )
        )  # fmt: skip
        self.commit()
        self._journal.set_halt(Halt(self.tenant, False, reason, by, now))

    @property
    def kept_halt(self) -> Halt:
        """Return the kill switch as it is kept."""
        return self._journal.halt_state(self.tenant)

    @property
    def limits(self) -> dict[str, str]:
        """Return every limit in force as it is written: the profile's, and what was set since."""
        return self.setup.profile.texts() | limits_set(self._journal, self.tenant)

    def change_limits(self, limits: Mapping[str, str], reason: str, by: str) -> None:
        """Let limits hold from the next event on; raise UsageError for what is none."""
        self._limit(check_changes(self.setup, limits), reason, by)
        self.commit()

    def _limit(self, limits: Mapping[str, str], reason: str, by: str) -> None:
        told = tell_limits(limits, reason, by, self._clock.now_ns())
        self._take(msgspec.structs.replace(told, id=self._control_id(), tenant=self.tenant))

    @property
    def entry_halts(self) -> list[EntryHalt]:
        """Return what holds entries back, the oldest first."""
        return self.topology.desk.acts.halts()

    def halt_entries(self, source: str, reason: str, by: str, symbol: str = "") -> None:
        """Deny new risk on behalf of a source, in an instrument or in all, until it is released."""
        halt = EntryHalt(source, reason, by, self._clock.now_ns(), symbol)
        self.record([tell_halt(halt, self.tenant, self.setup.symbols)])

    def release_entries(
        self, source: str, reason: str, by: str, symbol: str = "", *, actor: str = ""
    ) -> None:
        """Lift a source's halt; raise UsageError where the actor is neither it nor the operator."""
        halt = EntryHalt(source, reason, by, self._clock.now_ns(), symbol)
        self.record([tell_release(halt, self.tenant, actor or source)])

    def promote(self, candidate: Candidate, *, line: int, by: str) -> None:
        """Let a model that has seen every bar until now forecast the next one.

        The commit that says so holds a snapshot, so that no start after it needs the model before.
        """
        now, predictor = self._clock.now_ns(), self.topology.predictor
        assert predictor is not None  # a run without a model has no candidates
        told = ModelPromoted(
            id=self._control_id(), ts_event=now, ts_init=now, model=candidate.model,
            digest=candidate.digest, before=predictor.forecaster.artifact.id, line=line, by=by,
        )  # fmt: skip
        self._give_way(candidate, line)
        self._take(told)
        self.commit(with_snapshot=True)

    def _give_way(self, candidate: Candidate, line: int) -> None:
        """Make ready for a promotion; with it a start with that model would find this run."""
        assert self.topology.predictor is not None
        self.topology.predictor.successor = candidate.predictor
        self.setup = replace(self.setup, forecaster=candidate.predictor.forecaster)
        self.setup_id, self._promoted = candidate.setup_id, (candidate.model, line)

    def _take(self, message: Message) -> list[Message]:
        answers = self._runner.push(message)
        self._buffer += answers
        for answer in [each for each in answers if type(each) in WATCHED]:
            if isinstance(answer, CancelRequested | ChangeRequested):
                self._orders.append(answer)
            elif type(answer) is OrderSubmitted:
                if answer.order_type not in IN_PARTS:
                    self._orders.append(answer)
            elif type(answer) is TradingHalted and answer is not message:
                halt = Halt(self.tenant, True, answer.reason, answer.by, answer.ts_event)
                self._journal.set_halt(halt)
        return answers

    def handle(self, message: Message) -> list[Message]:
        """Handle one event of the feed; an order commits at once, the rest with the batch.

        An event that was handled before is ignored; raises DataError where one is missing.
        """
        number = counter_of(message.id) - self.fed
        if number <= self.next:
            return []
        if number != self.next + 1:
            raise DataError(
                f"event {number} follows event {self.next}; the feed has lost some, start it again"
            )
        answers = self._take(message)
        self.next = number
        if self._orders:
            self.commit()
        return answers

    def hear(self, record: int, messages: Sequence[Message]) -> list[Message]:
        """Take in what the venue said in one of its records, and commit it with its number.

        A record that was heard before is ignored; raises DataError where one is missing.
        """
        if record <= self.heard:
            return []
        if record != self.heard + 1:
            raise DataError(
                f"record {record} of the venue follows {self.heard}; the bridge has lost some, "
                "restore its folder from a backup"
            )
        account, first = self.setup.account, (VENUE << COUNTER_BITS) + record * RECORD_MESSAGES
        answers: list[Message] = []
        for place, message in enumerate(messages):
            named = {"id": first + place, "tenant": account.tenant, "account": account.id}
            answers += self._take(msgspec.structs.replace(message, **named))
        self.heard = record
        self.commit(always=True)
        return answers

    def note(self, messages: Iterable[Message]) -> None:
        """Let the next commit record what nothing follows from."""
        self._buffer += messages

    def record(self, notices: Iterable[Message]) -> list[Message]:
        """Commit what was found or ordered beside the trading, and return what follows from it."""
        followed: list[Message] = []
        for notice in notices:
            followed += self._take(msgspec.structs.replace(notice, id=self._control_id()))
        self.commit()
        return followed

    def sign(self, message: Message) -> Message:
        """Return a message under our next id, as of now."""
        now = self._clock.now_ns()
        named = {"id": self._control_id(), "ts_event": now, "ts_init": now}
        return msgspec.structs.replace(message, **named)

    def recorded(self, after: int, kinds: Collection[str]) -> Iterator[Recorded]:
        """Return what was committed behind a position, of some tags."""
        return self._journal.read(after, kinds=kinds)

    @property
    def model(self) -> str:
        """Return the model that serves, empty where none does."""
        return self.setup.forecaster.artifact.id if self.setup.forecaster else ""

    @property
    def position(self) -> int:
        """Return the position of the last message once all that waits is committed."""
        return self._journal.last_position() + len(self._buffer)

    @property
    def waiting(self) -> int:
        """Return how many messages are not committed yet."""
        return len(self._buffer)

    def commit(self, *, with_snapshot: bool = False, always: bool = False) -> None:
        """Commit what waits, with the place in the feed; then hand its orders to the broker."""
        if not (self._buffer or with_snapshot or always):
            return
        self._since_snapshot += len(self._buffer)
        snapshot = None
        patience = SNAPSHOT_AT_LAST if self._orders else SNAPSHOT_EVERY
        if with_snapshot or self._since_snapshot >= patience:
            self._since_snapshot = 0
            saved = Saved(self.topology.snapshot(), self._ids.state, self.next)
            snapshot = (MODULE, SNAPSHOT_FORMAT, msgspec.msgpack.encode(saved))
        cursor = Cursor(
            self._run, self.setup_id, self.next, self.fed, self._ids.state, *self._promoted,
            self.shadowing, self.judged, self.ordered, self.heard,
        )  # fmt: skip
        orders, self._orders = self._orders, []
        last = self._journal.commit(
            Batch(
                messages=self._buffer,
                stream=MODULE,
                inbox=(MODULE, self.next, msgspec.json.encode(cursor).decode()),
                snapshot=snapshot,
                orders=[(outbox_key(order), encode_message(order)) for order in orders],
            )
        )
        committed, self._buffer = self._buffer, []
        for order in orders:
            self._hand_over(order)
        publish_all(self.ring, committed, last)

    def _hand_over(self, order: Outgoing, *, lapses: bool = False) -> None:
        # The key is in the outbox already; until it is confirmed there, its fate counts as unknown.
        if isinstance(order, OrderSubmitted):
            (self._broker.lapse if lapses else self._broker.send)(order)
        elif isinstance(order, CancelRequested):
            self._broker.cancel(order)
        else:
            self._broker.change(order)
        self._journal.mark_confirmed(outbox_key(order), self._clock.now_ns())

    def run(
        self,
        feed: Iterable[Message],
        *,
        batch: int = 1_000,
        observe: Callable[[list[Message]], None] | None = None,
    ) -> None:
        """Handle a whole feed in batches of about so many messages, and commit the end of it."""
        for message in feed:
            answers = self.handle(message)
            if observe:
                observe(answers)
            if len(self._buffer) >= batch:
                self.commit()
        self.commit(with_snapshot=True)
