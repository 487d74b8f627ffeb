"""A model on a live market: the terminal's bars are its past, without which it does not begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import Raw

from assay.apps.config import Config
from assay.apps.edge.history import BARS_PER_RECORD, HistoryPoller
from assay.apps.edge.quotes import Quoted
from assay.apps.lab.models.forecasting import with_model
from assay.apps.lab.runs.setup import Setup
from assay.apps.link.frames import HISTORY
from assay.apps.paper.market.live import anchor_plan, prepare_live
from assay.apps.paper.market.past import read_bars, with_terminal_past
from assay.apps.paper.plan import Plan
from assay.model.errors import UsageError
from assay.model.messages import BarClosed, FeaturesReady, OrderFilled, Predicted
from assay.model.time import MINUTE, Timeframe
from assay.runtime.ids import Rng
from assay.signals.features import FeatureSet, quotient, use
from tests.replay.taught import make_model
from tests.sim.test_venue import require_agreement
from tests.sim.venue_desk import SYMBOLS, Life, VenueDesk
from tests.unit.trading.mt5.rig import CLOCKS

MODEL = "short"


def short_set(_timeframe: int) -> FeatureSet:
    """Return features that settle within an hour."""
    return FeatureSet(
        "short", 1, (use("sma", period=5), use("atr", period=14)),
        (
            quotient("away", "bar.close - sma_5.sma", "sma_5.sma", factor=1000.0),
            quotient("atr_share", "atr_14.atr", "bar.close", factor=1000.0),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(
        tmp_path_factory.mktemp("models") / MODEL, timeframe=Timeframe.M1, recipe=short_set,
        window=2,
    )  # fmt: skip


class ModelDesk(VenueDesk):
    """A desk that a model trades, whose terminal has shown prices before."""

    model = Path()

    def setup(self) -> tuple[Plan, Setup]:
        wanted = Plan(source="live", symbols=SYMBOLS, strategy="ai", broker="edge", model=MODEL)
        plan = anchor_plan(self.home, wanted)
        setup = prepare_live(plan, Config(), strategies=self.home.path / "strategies")
        return plan, with_terminal_past(with_model(setup, self.model), plan, self.home)

    def walk(self, minutes: int, *, is_quoted: bool = False) -> Iterator[None]:
        """Let both prices move, at the terminal alone or for the bridge to hear as well."""
        rng, prices = Rng(minutes), {"EURUSD": 110_000, "XAUUSD": 210_000}
        for _ in range(minutes):
            for symbol in SYMBOLS:
                prices[symbol] += rng.randint(-30, 30)
                if is_quoted:
                    self.quote(symbol, prices[symbol], 4, after=MINUTE // 2)
                else:
                    self.rig.pass_time(MINUTE // 2)
                    self.rig.quote(symbol, prices[symbol], prices[symbol] + 4)
                    self.clock.advance_to(self.rig.now)
            yield

    def poller(self) -> HistoryPoller:
        quoted = [Quoted("EURUSD", "EURUSD", 5), Quoted("XAUUSD", "XAUUSD", 2)]
        folder = self.path / "past"
        return HistoryPoller(self.rig.terminal, CLOCKS["netting"], quoted, folder, self.clock)

    def carry_past(self) -> int:
        """Carry the terminal's bars to the bridge; return how many were new."""
        with closing(self.poller()) as poller:
            found = poller.poll()
            sending = poller.sending()
            sending.resume(self.box.history.receiving.last)
            while (batch := sending.take()) is not None:
                records = [Raw(bytes(each)) for each in batch.records]
                self.box.history.take(batch.first, records, self.codec)
                self.box.history.receiving.advance(batch.first + len(records) - 1)
        return found


@pytest.fixture
def desk(tmp_path: Path, model: Path) -> Iterator[ModelDesk]:
    ModelDesk.model = model
    with closing(ModelDesk(tmp_path / "home")) as opened:
        yield opened


def test_the_terminals_bars_come_once_and_whole(desk: ModelDesk) -> None:
    for _ in desk.walk(150):
        pass
    first = desk.carry_past()
    assert first > 2 * BARS_PER_RECORD
    assert desk.carry_past() == 0
    for _ in desk.walk(5):
        pass
    assert desk.carry_past() == 10
    plan = anchor_plan(desk.home, Plan(source="live", symbols=SYMBOLS, strategy="sma-cross"))
    setup = prepare_live(plan, Config(), strategies=desk.home.path)
    folder = desk.box.history.folder
    assert folder.name == HISTORY
    bars = read_bars(folder, setup, desk.clock.now_ns())
    rates = desk.rig.terminal.copy_rates_from_pos("EURUSD", 1, 1, 1_000)
    assert [bar[1:] for bar in bars["EURUSD"]] == [
        (*(round(row[name] * 100_000) for name in ("open", "high", "low", "close")), row["spread"])
        for row in rates
    ]
    closes = [bar[0] for bar in bars["EURUSD"]]
    assert closes == sorted(set(closes))
    assert closes[-1] <= desk.clock.now_ns()


def test_a_model_without_its_past_is_refused_with_what_is_missing(desk: ModelDesk) -> None:
    for _ in desk.walk(9):
        pass
    desk.carry_past()
    with pytest.raises(UsageError, match=r"needs \d+ bars .* sent 8 bars of EURUSD since .*, 9 ba"):
        desk.setup()


def test_a_model_decides_from_the_first_bar_on_and_after_a_kill_alike(desk: ModelDesk) -> None:
    for _ in desk.walk(450):
        pass
    desk.carry_past()
    life: Life = desk.start()
    for minute, _ in enumerate(desk.walk(12, is_quoted=True)):
        life.turn()
        if minute == 5:
            life.end()
            desk.carry_past()  # what came since is no past of this run
            life = desk.start()
    life.turn()
    messages = desk.log.messages
    told = [each for each in messages if isinstance(each, FeaturesReady)]
    assert told
    assert all(each.settled for each in told)
    bars = [each for each in messages if isinstance(each, BarClosed)]
    forecasts = [each for each in messages if isinstance(each, Predicted)]
    assert len(forecasts) == len(bars)
    assert {each.state for each in forecasts} == {"ready"}
    assert [each for each in messages if isinstance(each, OrderFilled)]
    require_agreement(desk, life)
    life.end()
