"""Who serves: an order to promote is carried out between two bars, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from assay.apps.lab.champions.serving import digest_model, promote_model, roll_back
from assay.apps.lab.models.forecasting import forecast_events, with_model
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.control.orders import Answer, leave_order, pending_orders
from assay.apps.paper.models.candidates import Candidates
from assay.apps.paper.models.champion import order_of, tell_running
from assay.apps.paper.models.succession import Succession, go_on_with
from assay.apps.paper.plan import Plan
from assay.apps.paper.trader.cursor import Cursor
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.books.governance import Act, Fallback, GovernanceLog
from assay.model.messages import ModelPromoted, Predicted
from assay.runtime.clock import SimClock, wait_for
from assay.runtime.home import Home, open_home
from assay.runtime.journal import MemoryJournal
from assay.signals.features import Lead
from assay.signals.prediction import read_artifact, write_artifact
from assay.trading.brokers.paper import PaperBroker
from tests.replay.taught import make_ensemble, make_model
from tests.sim.test_crashes import make_model_setup

ONE, TWO, OTHER = "lightgbm-byhand", "ensemble-byhand", "other"
FOLLOWING = Plan(strategy="ai", model=ONE, follows=True, lines=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    opened = open_home(tmp_path_factory.mktemp("succession") / "home")
    models = opened.folder("models")
    make_ensemble(models)
    leads = (Lead("XAUUSD", "EURUSD", 1),)
    led, graphs = read_artifact(make_model(opened.path / "led", leaders=leads))
    write_artifact(models / OTHER, msgspec.structs.replace(led, id=OTHER), graphs)
    promote_model(opened, ONE)
    return opened


@pytest.fixture(scope="module")
def setup(home: Home) -> Setup:
    return make_model_setup(home.path / "models" / ONE, 3)


def known_by(setup: Setup) -> str:
    assert setup.forecaster is not None
    return setup.forecaster.artifact.id


@dataclass
class Desk:
    """A trader of 260 bars, and who serves it."""

    home: Home
    trader: PaperTrader
    succession: Succession
    sheets: list[str]

    def trade(self, until: int) -> list[Predicted]:
        """Trade so far; return what was forecast."""
        setup, found = self.trader.setup, []
        for message in feed_messages(setup, setup.events()[:until], self.trader.next):
            answers = self.trader.handle(message)
            self.succession.hear(answers)
            found += [each for each in answers if isinstance(each, Predicted)]
        return found

    def obey(self) -> None:
        """Carry out every order that waits."""

        def is_done() -> bool:
            self.succession.look(pending_orders(self.home))
            return not pending_orders(self.home)

        assert wait_for(is_done, seconds=30.0)

    def answer(self, path: Path) -> Answer:
        self.obey()
        told = path.with_suffix(".told")
        found = msgspec.json.decode(told.read_bytes(), type=Answer)
        told.unlink()
        return found


OpenDesk = Callable[..., Desk]


@pytest.fixture
def open_desk(home: Home, setup: Setup, tmp_path: Path) -> Iterator[OpenDesk]:
    """Return what opens the one desk of a test, with the first model or another."""
    broker = PaperBroker(tmp_path / "book.jsonl")

    def opened(plan: Plan = FOLLOWING, setup: Setup = setup) -> Desk:
        sheets: list[str] = []
        trader = PaperTrader(setup, known_by(setup), MemoryJournal(), broker, SimClock(1))
        trader.candidates = Candidates(home.path / "models", setup, setup.events(), known_by)
        trader.recover()
        succession = Succession(home, plan, trader, lambda: sheets.append(known_by(trader.setup)))
        return Desk(home, trader, succession, sheets)

    yield opened
    broker.close()


@pytest.fixture
def promoted(home: Home) -> Act:
    """Return the act that made the second model champion in the place of the first."""
    log = GovernanceLog(home)
    if log.standing(log.lines()[0].scope).champion != TWO:
        promote_model(home, TWO, override="rini", reason="seen enough")
    (act,) = (each for each in log.lines() if isinstance(each, Act) and each.model == TWO)
    return act


def test_bars_that_close_while_a_model_is_made_ready_are_neither_lost_nor_late(
    home: Home, setup: Setup, promoted: Act, open_desk: OpenDesk
) -> None:
    desk = open_desk()
    told = desk.trade(120)
    path = leave_order(home, order_of(promoted))
    desk.succession.look(pending_orders(home))
    assert known_by(desk.trader.setup) == ONE
    told += desk.trade(150)
    answer = desk.answer(path)
    assert (answer.serves, answer.text) == (True, f"{TWO} serves from event 151 on, after {ONE}")
    assert desk.sheets == [TWO]
    told += desk.trade(260)
    parts = [forecast_events(with_model(replace(setup, forecaster=None), home.path / "models" / m))
             for m in (ONE, TWO)]  # fmt: skip
    first, second = (part.forecasts for part in parts)
    assert first is not None
    assert second is not None
    assert [each.model for each in told] == [ONE] * 150 + [TWO] * 110
    wanted = first["p_up"][:150].tolist() + second["p_up"][150:].tolist()
    assert [each.p_up for each in told] == wanted
    again = leave_order(home, order_of(promoted))
    assert desk.answer(again) == Answer(True, f"{TWO} serves already")


def test_a_model_that_is_unfit_stays_out_and_the_log_says_so(
    home: Home, promoted: Act, open_desk: OpenDesk
) -> None:
    desk = open_desk()
    desk.trade(120)
    other = msgspec.structs.replace(promoted, model=OTHER)
    fit = msgspec.structs.replace(other, digest=digest_model(home.path / "models", OTHER))
    for order, why in (
        (order_of(other), f"{OTHER} cannot be loaded: model.json is not the one that was promoted"),
        (order_of(fit), f"{OTHER} was taught by other features than {ONE}"),
    ):
        answer = desk.answer(leave_order(home, order))
        assert (answer.serves, answer.text.startswith(why)) == (False, True), answer
        assert answer.text.endswith(f"{ONE} trades on")
        line = GovernanceLog(home).lines()[-1]
        assert isinstance(line, Fallback)
        assert (line.model, line.served, line.reason.startswith(why)) == (OTHER, ONE, True)
    assert {each.model for each in desk.trade(260)} == {ONE}
    journal = desk.trader._journal
    assert not [each for each in journal.read() if isinstance(each.message, ModelPromoted)]


def test_only_the_champion_of_what_is_traded_takes_over_and_none_from_a_named_one(
    home: Home, promoted: Act, open_desk: OpenDesk
) -> None:
    desk = open_desk(Plan(strategy="ai", model=ONE))
    told = desk.answer(leave_order(home, order_of(promoted)))
    assert (told.serves, f"trades {ONE} by --model" in told.text) == (False, True)
    elsewhere = msgspec.structs.replace(promoted.scope, market="simulated linear 0.7 seed 1")
    desk = open_desk()
    order = order_of(msgspec.structs.replace(promoted, scope=elsewhere))
    told = desk.answer(leave_order(home, order))
    assert (told.serves, told.text) == (False, "this run trades EURUSD at 60 minutes")


def test_where_nothing_runs_nobody_is_told(home: Home, promoted: Act) -> None:
    assert tell_running(home, promoted) is None
    assert pending_orders(home) == []


@pytest.mark.parametrize(
    ("plan", "cursor", "is_pending", "serves"),
    [
        (FOLLOWING, None, False, ONE),
        (FOLLOWING, Cursor(1, ONE, 9), False, ONE),
        # The trader alone was killed after a promotion: `assay up` still names the first.
        (FOLLOWING, Cursor(1, TWO, 9, model=TWO, line=2), False, TWO),
        # A later start has another champion than the run: a run of its own, as ever.
        (FOLLOWING, Cursor(1, TWO, 9, model=TWO, line=1), False, ONE),
        # All was killed before the order was carried out: the run goes on, and then obeys.
        (msgspec.structs.replace(FOLLOWING, model=TWO), Cursor(1, ONE, 9), True, ONE),
        (msgspec.structs.replace(FOLLOWING, model=TWO), Cursor(1, ONE, 9), False, TWO),
        # All was killed after it was carried out, and before it was struck off.
        (msgspec.structs.replace(FOLLOWING, model=TWO), Cursor(1, TWO, 9, model=TWO), True, TWO),
        # The run is of another market.
        (FOLLOWING, Cursor(1, "else", 9, model=TWO, line=2), True, ONE),
        # Who names a model trades that one.
        (Plan(strategy="ai", model=ONE), Cursor(1, TWO, 9, model=TWO, line=2), True, ONE),
        # Its files are gone.
        (FOLLOWING, Cursor(1, "gone", 9, model="gone", line=2), False, ONE),
    ],
)
def test_a_start_goes_on_with_the_model_that_served(
    home: Home, setup: Setup, promoted: Act, plan: Plan, cursor: Cursor | None, is_pending: bool,
    serves: str,
) -> None:  # fmt: skip
    wanted = with_model(replace(setup, forecaster=None), home.path / "models" / str(plan.model))
    candidates = Candidates(home.path / "models", wanted, setup.events(), known_by)
    path = leave_order(home, order_of(promoted)) if is_pending else None
    try:
        assert known_by(go_on_with(home, plan, cursor, candidates)) == serves
    finally:
        if path:
            path.unlink()


def test_a_rollback_is_an_order_like_a_promotion(
    home: Home, setup: Setup, promoted: Act, open_desk: OpenDesk
) -> None:
    back = roll_back(home, promoted.model, reason="spreads have doubled")
    second = with_model(replace(setup, forecaster=None), home.path / "models" / TWO)
    desk = open_desk(msgspec.structs.replace(FOLLOWING, model=TWO), second)
    told = desk.answer(leave_order(home, order_of(back)))
    assert (told.serves, known_by(desk.trader.setup)) == (True, ONE)
