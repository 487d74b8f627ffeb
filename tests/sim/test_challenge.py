"""A challenger comes and goes while a run trades: by order, once, and a kill changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from assay.apps.lab.champions.serving import digest_model
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.paper.control.orders import (
    CHALLENGE,
    Answer,
    Challenged,
    ControlOrder,
    leave_order,
    pending_orders,
)
from assay.apps.paper.models.challenge import Challenge
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.model.messages import BarClosed, ChallengerEntered, ChallengerLeft
from assay.runtime.clock import wait_for
from assay.runtime.home import Home, open_home
from assay.runtime.logs import open_log
from tests.sim.crashing import Fuse
from tests.sim.test_crashes import book_of
from tests.sim.test_promotions import FIRST, Stage, models, open_stage
from tests.sim.test_shadow import CHALLENGER, alone, assert_forecast_as_alone, of_platform
from tests.sim.test_shadow import shadows_of as forecasts_of

__all__ = ["alone", "models"]
BEGINS, ENDS = 80, 200
LONG_S = 60.0


@dataclass
class Desk:
    """A stage, the home whose orders are obeyed there, and what was answered."""

    stage: Stage
    home: Home
    script: dict[int, str] = field(default_factory=dict)
    named: str = ""
    until: int | None = None
    left: dict[int, Path] = field(default_factory=dict)
    commits: list[tuple[int, int]] = field(default_factory=list)

    def order(self, model: str) -> Path:
        """Leave an order to challenge by a model, '' to end it."""
        digest = digest_model(self.stage.models, model) if model else ""
        told = ControlOrder(CHALLENGE, "seen", "rini", challenged=Challenged(model, digest))
        return leave_order(self.home, told)

    def answers(self) -> list[Answer]:
        """Return what was answered to the orders, in their order."""
        told = [self.left[at].with_suffix(".told") for at in sorted(self.left)]
        return [msgspec.json.decode(path.read_bytes(), type=Answer) for path in told]

    def life(self, fuse: Fuse) -> Callable[[PaperTrader], None]:
        """Return a life that trades, gives each order once, and obeys what waits."""

        def act(trader: PaperTrader) -> None:
            log = open_log(self.home, "trader")
            challenge = Challenge(self.home, self.named, trader, log)
            if challenge.shadow is not None:
                challenge.shadow.join()

            def is_done() -> bool:
                challenge.look(pending_orders(self.home))
                return not pending_orders(self.home)

            events = self.stage.setup.events()[: self.until]
            for message in feed_messages(self.stage.setup, events, trader.next):
                if trader.next in self.script and trader.next not in self.left:
                    self.left[trader.next] = self.order(self.script[trader.next])
                if pending_orders(self.home):
                    before = fuse.done
                    assert wait_for(is_done, seconds=LONG_S)
                    self.commits.append((before, fuse.done))
                challenge.hear(trader.handle(message))
                if trader.waiting >= 40:
                    trader.commit()
                if trader.next % 7 == 0:
                    challenge.catch_up()
            challenge.catch_up()
            trader.commit(with_snapshot=True)

        return act

    def live(self, fuse: Fuse | None = None) -> PaperTrader | None:
        fuse = fuse or Fuse()
        return self.stage.live(fuse, self.life(fuse))

    def told(self, kind: type) -> list[str]:
        """Return the models of the messages of a kind."""
        return [m.model for m in self.stage.log.messages if isinstance(m, kind)]  # type: ignore[attr-defined]


def open_desk(models: Path, folder: Path, *, wire: bool, **told: object) -> Desk:
    stage = open_stage(models, folder / "book.jsonl", wire=wire)
    home = open_home(folder / "home")
    (home.path / "models").symlink_to(models)
    return Desk(stage, home, **told)  # type: ignore[arg-type]


def assert_forecast_between(desk: Desk, begins: int, ends: int) -> None:
    told = sorted(forecasts_of(desk.stage), key=lambda each: each.id)
    bars = [each.id for each in desk.stage.log.messages if isinstance(each, BarClosed)]
    assert [each.cause for each in told] == bars[begins:ends]


def test_one_that_is_ordered_follows_from_the_next_event_until_it_is_ended(
    alone: Stage, models: Path, tmp_path: Path, wire: bool
) -> None:
    desk = open_desk(models, tmp_path, wire=wire, script={BEGINS: CHALLENGER, ENDS: ""})
    assert desk.live() is not None
    assert desk.answers() == [
        Answer(True, f"{CHALLENGER} follows {FIRST} from event {BEGINS + 1} on"),
        Answer(True, f"{CHALLENGER} follows no more from event {ENDS + 1} on"),
    ]
    assert_forecast_between(desk, BEGINS, ENDS)
    assert of_platform(desk.stage.log.messages) == of_platform(alone.log.messages)
    assert book_of(desk.stage) == book_of(alone)
    (left,) = (each for each in desk.stage.log.messages if isinstance(each, ChallengerLeft))
    assert (left.model, left.by, left.reason) == (CHALLENGER, "rini", "seen")
    assert desk.told(ChallengerEntered) == [CHALLENGER]


def test_what_is_said_is_what_it_says_in_a_run_of_its_own(
    models: Path, tmp_path: Path, wire: bool
) -> None:
    desk = open_desk(models, tmp_path, wire=wire, script={BEGINS: CHALLENGER})
    assert desk.live() is not None
    assert_forecast_as_alone(desk.stage, forecasts_of(desk.stage), BEGINS)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("order", [0, 1])
def test_a_kill_around_an_order_leaves_it_to_the_next_start(
    order: int, moment: str, alone: Stage, models: Path, tmp_path: Path
) -> None:
    script = {BEGINS: CHALLENGER, ENDS: ""}
    counted = open_desk(models, tmp_path / "counted", wire=False, script=script)
    assert counted.live(Fuse(name="commit")) is not None
    before, after = counted.commits[order]
    assert after == before + 1
    desk = open_desk(models, tmp_path / "killed", wire=False, script=script)
    assert desk.live(Fuse(after, moment, "commit")) is None
    assert len(pending_orders(desk.home)) == 1
    assert desk.live() is not None
    assert all(answer.serves for answer in desk.answers())
    assert desk.told(ChallengerEntered) == desk.told(ChallengerLeft) == [CHALLENGER]
    places = [each.cause & 0xFFFF for each in forecasts_of(desk.stage)]
    # A kill loses what the last batch had not committed, and the order is given again there.
    assert places == list(range(places[0], places[-1] + 1))
    assert BEGINS - 40 <= places[0] - 1 <= BEGINS
    assert ENDS - 40 <= places[-1] <= ENDS
    assert of_platform(desk.stage.log.messages) == of_platform(alone.log.messages)


def test_an_order_stands_until_a_start_names_another(models: Path, tmp_path: Path) -> None:
    desk = open_desk(models, tmp_path, wire=False, script={BEGINS: CHALLENGER}, until=100)
    assert desk.live() is not None
    desk.until = 120
    assert desk.live() is not None  # the same start again: it goes on
    assert_forecast_between(desk, BEGINS, 120)
    desk.until, desk.named = 140, "ensemble-byhand"
    assert desk.live() is not None
    assert desk.told(ChallengerEntered) == [CHALLENGER, "ensemble-byhand"]
    desk.until, desk.named = 160, ""
    last = desk.live()
    assert last is not None
    assert last.ordered is None
    assert len(forecasts_of(desk.stage)) == 140 - BEGINS


def test_one_that_a_start_named_can_be_ended_for_good(models: Path, tmp_path: Path) -> None:
    desk = open_desk(models, tmp_path, wire=False, script={60: ""}, named=CHALLENGER, until=80)
    assert desk.live() is not None
    desk.until = None
    assert desk.live() is not None
    assert_forecast_between(desk, 0, 60)
    assert desk.told(ChallengerLeft) == [CHALLENGER]


def test_what_cannot_follow_is_refused_and_changes_nothing(
    alone: Stage, models: Path, tmp_path: Path
) -> None:
    script = {20: "other", 40: "torn", 60: FIRST, 80: "", 100: CHALLENGER, 120: CHALLENGER,
              140: "ensemble-byhand"}  # fmt: skip
    desk = open_desk(models, tmp_path, wire=False, script=script)
    assert desk.live() is not None
    answers = desk.answers()
    assert [each.serves for each in answers] == [False, False, False, True, True, True, False]
    wanted = (
        "other cannot follow: other was taught by other features", "torn cannot follow: torn",
        f"{FIRST} serves itself", "no challenger follows",
        f"{CHALLENGER} follows {FIRST} from event 101 on", f"{CHALLENGER} follows already",
        f"{CHALLENGER} follows; `assay models challenge --end`",
    )  # fmt: skip
    for answer, said in zip(answers, wanted, strict=True):
        assert answer.text.startswith(said)
    assert of_platform(desk.stage.log.messages) == of_platform(alone.log.messages)
    assert_forecast_between(desk, 100, 260)
