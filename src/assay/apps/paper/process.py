"""The trader process: recover, then trade the plan at its pace until told to stop."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from assay.apps.child import Child, run_child
from assay.apps.config import Config
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.control.notices import forget_notices, pending_notices
from assay.apps.paper.control.orders import (
    HALT,
    HALT_ENTRIES,
    LIMIT,
    RELEASE,
    RELEASE_ENTRIES,
    Answer,
    ControlOrder,
    answer_order,
    forget_answers,
    pending_orders,
    refuse_left,
)
from assay.apps.paper.control.release import release
from assay.apps.paper.keeping import KeptPlan, keep_plan
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import identifier, prepare_plan
from assay.apps.paper.trader.byhand import HANDLED, obey
from assay.apps.paper.trader.cursor import read_cursor
from assay.apps.paper.trader.entries import carry_out
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.standing import describe_desk, describe_past, take_standing
from assay.apps.paper.view.picture import PICTURE, Painter, describe_halts
from assay.apps.paper.view.sheet import LIMITS, PAST, RING, SHEET, STANDING, InForce, write_whole
from assay.apps.paper.view.timing import write_times
from assay.books.chained import Kind
from assay.books.chained.heads import read_head
from assay.books.governance import ACTS
from assay.books.trials import TRIALS
from assay.model.errors import DataError, UsageError
from assay.model.messages import Message
from assay.model.time import SECOND
from assay.runtime.clock import Stopwatch, SystemClock
from assay.runtime.home import Home
from assay.runtime.journal import Journal, PostgresJournal
from assay.runtime.logs import Logger
from assay.runtime.ring import CAPACITY, RingWriter
from assay.runtime.settings import load_settings
from assay.runtime.stores.postgres import open_postgres
from assay.runtime.supervisor.leash import stop_signals
from assay.trading.brokers.paper import PaperBroker

if TYPE_CHECKING:  # ONNX Runtime is loaded only where a model trades
    from assay.apps.paper.market.live import LiveFeed
    from assay.apps.paper.models.candidates import Candidates
    from assay.apps.paper.models.challenge import Challenge
    from assay.apps.paper.models.succession import Succession
    from assay.apps.paper.trader.patterns import PatternWatch
    from assay.apps.paper.venue.bridge import VenueEar
    from assay.trading.brokers.ports import Broker

NAME = "trader"
PAINT_EVERY = SECOND // 10
LOOK_EVERY = SECOND // 20
TIME_EVERY = SECOND
LONGEST_SILENCE = SECOND // 2
LISTEN_EVERY = SECOND // 2_000
"""How long a live market is left alone while it is silent."""
CALM = SECOND // 500
"""Before an event nothing is begun beside the trading; without a pause that may last as long."""
BATCH = 1_000


@dataclass(slots=True)
class Session:
    """Hold what the loop needs: trader, painter, pace, and when to end."""

    home: Home
    trader: PaperTrader
    painter: Painter
    clock: SystemClock
    plan: Plan
    is_stopped: Callable[[], bool]
    watch: Stopwatch
    looked: int = 0
    painted: int = 0
    succession: Succession | None = None
    challenge: Challenge | None = None
    patterns: PatternWatch | None = None
    timed: int = 0

    def begin(self, run: int) -> None:
        """Let go of what was left to the trader before, and say what is traded."""
        forget_answers(self.home)
        refuse_left(self.home)
        self.tell_desk(run)
        self.tell_limits()

    def over(self) -> bool:
        """Say whether the plan's time is up or somebody asked to stop."""
        seconds = self.plan.seconds
        return self.is_stopped() or (seconds is not None and self.watch.elapsed() >= seconds)

    def look(self) -> None:
        """Carry out waiting orders, and show the state, each as often as is worth while."""
        now = self.clock.now_ns()
        if _is_due(now, self.looked, LOOK_EVERY):
            self.looked = now
            self._carry_out(pending_orders(self.home))
            self._record_notices()
        if _is_due(now, self.painted, PAINT_EVERY):
            self.painted = now
            self.show()
        if _is_due(now, self.timed, TIME_EVERY):
            self.timed = now
            self.tell_times()

    def _carry_out(self, orders: list[tuple[Path, ControlOrder]]) -> None:
        for path, order in orders:
            if order.action == HALT:
                self.trader.halt(order.reason, order.by)
                path.unlink(missing_ok=True)
            elif order.action == LIMIT:
                answer_order(path, self._change_limits(order))
            elif order.action in (HALT_ENTRIES, RELEASE_ENTRIES):
                answer_order(path, carry_out(self.trader, order))
            elif order.action in HANDLED:
                answer_order(path, self._obey(order))
            elif order.action == RELEASE:
                answer_order(path, release(self.trader, order))
            elif self.succession is None:
                answer_order(path, Answer(False, "this run changes no model"))
        if self.succession is not None:
            self.succession.look(orders)
        if self.challenge is not None:
            self.challenge.look(orders)

    def _obey(self, order: ControlOrder) -> Answer:
        now = self.clock.now_ns() if self.plan.source == "live" else None
        return obey(self.trader, order, now)

    def _change_limits(self, order: ControlOrder) -> Answer:
        limits = order.limits or {}
        try:
            self.trader.change_limits(limits, order.reason, order.by)
        except UsageError as error:
            return Answer(False, str(error))
        self.tell_limits()
        return Answer(True, "they hold from the next event on")

    def tell_limits(self) -> None:
        """Write the limits in force."""
        write_whole(
            self.home.path / "run" / LIMITS,
            InForce(
                profile=self.trader.setup.profile.name,
                limits=self.trader.limits,
                symbols=tuple(self.trader.setup.symbols),
            ),
        )

    def _record_notices(self) -> None:
        for path, notices in pending_notices(self.home):
            self.trader.record(notices)
            self.painter.alert(notices)
            path.unlink(missing_ok=True)

    def _show_models(self, answers: list[Message]) -> None:
        """Show what an event brought to whoever does not trade, or not yet.

        An order that came of it is out by now; a challenger waits for a pause of the market.
        """
        if self.succession is not None:
            self.succession.hear(answers)
        if self.challenge is not None:
            self.challenge.hear(answers)
        if self.patterns is not None:
            self.patterns.hear(answers)
            if self.patterns.is_pressed:
                self.judge_patterns(self.clock.now_ns() + CALM)

    def judge_patterns(self, until: int | None = None) -> None:
        """Judge the patterns of bars that were handled, as far as there is time."""

        def is_over() -> bool:
            return until is not None and self.clock.now_ns() >= until

        if self.patterns is None or is_over():
            return
        for each in self.patterns.catch_up(is_over):
            self.painter.see_patterns(each)

    def follow_patterns(self, events: np.ndarray, config: Config, dsn: str, log: Logger) -> None:
        """Let the patterns of every bar be judged beside the trading, where it is wanted."""
        told = config.patterns
        if not told.enabled or not len(events):
            self.trader.judged = -1
            return
        from assay.apps.lab.markets.shapes import open_live
        from assay.apps.paper.trader.patterns import PatternWatch
        from assay.signals.recognition import Terms

        terms = Terms(told.horizon, told.confidence, told.neighbours)

        def tell(fault: str) -> None:
            log.error(f"patterns are judged no more: {fault}")

        shapes = open_live(told.store, dsn, terms)
        self.patterns = PatternWatch(self.trader, events, terms, tell, shapes)

    def follow_challenger(self, run: int, log: Logger) -> None:
        """Let a challenger forecast every bar too, where a model serves; it need not be ready."""
        if self.trader.candidates is None:
            return
        from assay.apps.paper.models.challenge import Challenge

        named = self.plan.challenger or ""
        self.challenge = Challenge(self.home, named, self.trader, log, lambda: self.tell_desk(run))
        self.tell_desk(run)

    def follow_champion(self, run: int) -> None:
        """Let promoted models serve from now on, where any serves."""
        if self.trader.candidates is None:
            return
        from assay.apps.paper.models.succession import Succession

        self.succession = Succession(self.home, self.plan, self.trader, lambda: self.tell_desk(run))

    def tell_desk(self, run: int) -> None:
        """Write what is traded, by which model."""
        challenger = self.challenge.model if self.challenge else ""
        sheet = describe_desk(self.plan, self.trader, run, challenger)
        write_whole(self.home.path / "run" / SHEET, sheet)

    def tell_times(self) -> None:
        """Write how long each model takes, where any serves."""
        forecaster, taken = self.trader.setup.forecaster, dict[str, Sequence[int]]()
        if forecaster is None:
            return
        shadow = self.challenge.shadow if self.challenge else None
        if shadow is not None:
            taken[shadow.model] = shadow.timings
        taken[forecaster.artifact.id] = forecaster.members.timings
        write_times(self.home, taken)

    def show(self, *, done: bool = False) -> None:
        """Write the picture and the standing."""
        self.painter.picture.halted = self.trader.halted
        self.painter.picture.entries_halted = describe_halts(self.trader.entry_halts)
        self.painter.write()
        write_whole(self.home.path / "run" / STANDING, take_standing(self.trader, done=done))

    def wait(self, due: int) -> bool:
        """Wait until a time, looking around; return False when it is over first."""
        while self.clock.now_ns() < due:
            if self.over():
                return False
            self.look()
            if self.challenge is not None:
                self.challenge.catch_up()
            pause = min(due, self.clock.now_ns() + LOOK_EVERY)
            self.judge_patterns(pause - CALM)
            if self.trader.waiting and pause - self.clock.now_ns() > LOOK_EVERY // 2:
                self.trader.commit()
            self.clock.wait_until(pause)
        return not self.over()

    def follow(self, feed: LiveFeed, ear: VenueEar | None) -> bool:
        """Trade a market as it comes, until told to stop; what came meanwhile is committed."""
        trader = self.trader
        while not self.over():
            self.look()
            if ear is not None and (said := ear.listen()):
                self.painter.observe(said)
            messages = feed.next()
            if messages is None:
                trader.commit()
                feed.keep(trader.next)
                if self.challenge is not None:
                    self.challenge.catch_up()
                now = self.clock.now_ns()
                self.judge_patterns(now + CALM)
                self.clock.wait_until(now + LISTEN_EVERY)
                continue
            for message in messages:
                answers = trader.handle(message)
                self.painter.observe(answers)
                if trader.waiting >= BATCH:
                    trader.commit()
                self._show_models(answers)
        return False

    def trade(self, events: np.ndarray) -> bool:
        """Trade the feed from where the trader stands; return True at its end."""
        speed, due, last = self.plan.speed, self.clock.now_ns(), 0
        trader, observe = self.trader, self.painter.observe
        self.look()
        for message in feed_messages(self.trader.setup, events, trader.next, fed=trader.fed):
            if speed is not None:
                silence = int((message.ts_event - last) / speed) if last else 0
                due += min(max(silence, 0), LONGEST_SILENCE)
                last = message.ts_event
                if not self.wait(due):
                    return False
            elif self.over():
                return False
            answers = trader.handle(message)
            observe(answers)
            if speed is not None or trader.waiting >= BATCH:
                trader.commit()
            self._show_models(answers)
            # However orders have committed meanwhile, halts are heard and the state is shown.
            self.look()
        return True


def _is_due(now: int, last: int, every: int) -> bool:
    """Say whether something may be done again; a clock that was set back holds nothing up."""
    return not 0 <= now - last < every


def _show_done(session: Session, log: Logger, finished: bool) -> None:
    if session.challenge is not None:
        session.challenge.catch_up()
    if finished or not (session.patterns and session.patterns.is_learning):
        session.judge_patterns()
    session.trader.commit(with_snapshot=True)
    session.painter.picture.done = finished
    session.tell_times()
    session.show(done=finished)
    log.info("stopped", events=session.trader.next, finished=finished)


def _measure_ledger(home: Home, kind: Kind[Any, Any], log: Logger) -> tuple[int, str]:
    """Return the lines and the last hash of a chained ledger, for the audit to seal."""
    try:
        head = read_head(home.path / kind.folder, kind.head)
    except DataError as error:
        # A ledger that cannot be vouched for stops nobody from trading, but it is on the record.
        log.error(str(error))
        return -1, "unreadable"
    return (head.lines, head.hash) if head else (0, "")


def run_trader(child: Child, plan: Plan) -> None:
    """Open journal and broker, recover, and trade the plan; raises AssayError families."""
    home, config, log = child.home, child.config, child.log
    setup: Setup = prepare_plan(plan, config, home.path)
    if plan.source == "live":
        from assay.apps.paper.market.past import with_terminal_past

        setup = with_terminal_past(setup, plan, home)
    events = setup.events()
    setup.strategy.run(setup.world().handle, events, 0, 0)
    postgres = open_postgres(home.path, config.postgres.dsn or None)
    try:
        journal = PostgresJournal(postgres.dsn, wait_s=10.0)
        broker = _open_broker(home, plan, setup)
        clock = SystemClock()
        with stop_signals() as is_stopped:
            identify, candidates = identifier(plan, setup), None
            # A live run keeps its model: no other has seen the quotes since it began.
            if setup.forecaster is not None and plan.source != "live":
                candidates = _find_candidates(home, setup, events, identify)
                setup = _go_on(home, plan, journal, candidates)
            trader = PaperTrader(setup, identify(setup), journal, broker, clock)
            trader.candidates = candidates
            trader.ring = RingWriter(home.folder("run") / RING, CAPACITY)
            trader.trials = _measure_ledger(home, TRIALS, log)
            trader.governance = _measure_ledger(home, ACTS, log)
            forget_notices(home)
            found = trader.recover()
            log.info("ready", found=found.found, replayed=found.replayed, next=found.next)
            keep_plan(home, KeptPlan(run=found.run, plan=plan, setup=trader.setup_id))
            painter = Painter(setup, home.folder("run") / PICTURE)
            painter.picture.events_total, painter.picture.run = len(events), found.run
            painter.picture.events = found.next
            painter.picture.halt_reason = journal.halt_state(trader.tenant).reason
            _show_recovered(trader, painter)
            gc.freeze()
            session = Session(home, trader, painter, clock, plan, is_stopped, Stopwatch())
            write_whole(home.path / "run" / PAST, describe_past(setup))
            session.begin(found.run)
            session.follow_champion(found.run)
            session.follow_challenger(found.run, log)
            session.follow_patterns(events, config, postgres.dsn, log)
            session.show()
            _show_done(session, log, _trade(session, events, broker))
            if session.patterns is not None:
                session.patterns.close()
        trader.ring.close()
        broker.close()
        journal.close()
    finally:
        postgres.stop()


def _open_broker(home: Home, plan: Plan, setup: Setup) -> Broker:
    if plan.venue is None:
        return PaperBroker(home.folder("broker") / "paper.jsonl")
    from assay.apps.paper.venue.bridge import open_bridge_broker

    return open_bridge_broker(home, plan.edge or "", setup, plan.other_road)


def _trade(session: Session, events: np.ndarray, broker: Broker) -> bool:
    trader = session.trader
    if session.plan.source != "live":
        return session.trade(events)
    from assay.apps.paper.market.live import LiveFeed, release_served

    feed = LiveFeed(session.home, session.plan, trader.setup, fed=trader.fed, handled=trader.next)
    release_served(trader, feed)
    ear = None
    if session.plan.venue is not None:
        from assay.apps.bridge.desk import BridgeBroker
        from assay.apps.paper.venue.bridge import VenueEar
        from assay.apps.paper.venue.roads import RoadBroker

        assert isinstance(broker, BridgeBroker)
        broker.is_behind = feed.is_behind
        roads = broker.roads if isinstance(broker, RoadBroker) else None
        ear = VenueEar(session.home, session.plan.edge or "", trader, roads)
    return session.follow(feed, ear)


def _find_candidates(
    home: Home, setup: Setup, events: np.ndarray, identify: Callable[[Setup], str]
) -> Candidates:
    from assay.apps.paper.models.candidates import Candidates

    deadline = load_settings(Config, home).value.ensemble.deadline
    return Candidates(home.folder("models"), setup, events, identify, deadline)


def _go_on(home: Home, plan: Plan, journal: Journal, candidates: Candidates) -> Setup:
    from assay.apps.paper.models.succession import go_on_with

    return go_on_with(home, plan, read_cursor(journal), candidates)


def _show_recovered(trader: PaperTrader, painter: Painter) -> None:
    account = trader.topology.desk.world.accounts[0]
    money = 10.0**trader.setup.account.currency_digits
    painter.picture.balance = float(account["balance"]) / money
    painter.picture.equity = float(account["balance"] + account["unrealised"]) / money
    painter.picture.margin = float(account["margin"]) / money
    held = trader.topology.desk.world.positions[0]["quantity"]
    for symbol, units in zip(trader.setup.symbols, held.tolist(), strict=True):
        painter.hold(symbol, units)
    painter.picture.halted = trader.halted
    painter.picture.entries_halted = describe_halts(trader.entry_halts)
    painter.write()


def main(argv: list[str]) -> int:
    """Run the process of `assay up`: arguments are the home and the plan as JSON."""
    return run_child(
        NAME, argv[0], lambda child: run_trader(child, msgspec.json.decode(argv[1], type=Plan)),
        refuses=True,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
