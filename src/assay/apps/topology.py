"""Which modules there are and who hears whom: written once, for every driver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from assay.apps.lab.feeds.events import TICK_BARS
from assay.apps.lab.runs.setup import Setup
from assay.books.ledger import Ledger, QuoteMarks, Reconciler
from assay.market.bars import BarSetBuilder
from assay.market.series import BarSeries
from assay.model.errors import OperatorError
from assay.model.instruments import Instrument
from assay.runtime.runners import InlineRunner
from assay.trading.engine.module import TradingDesk
from assay.trading.engine.watching import Watch

if TYPE_CHECKING:  # ONNX Runtime is loaded only where a model trades
    from assay.signals.features import FeatureModule
    from assay.signals.prediction import Predictor
    from assay.trading.engine.warden import RiskWarden
    from assay.trading.risk.measures import RiskMeter


@dataclass(frozen=True, slots=True)
class Topology:
    """Hold the modules of one platform.

    `sets` is there where several instruments trade, features and predictor where a model does,
    `meter` where value at risk is measured, `warden` where risk acts or a person may.
    """

    desk: TradingDesk
    ledger: Ledger
    reconciler: Reconciler
    sets: BarSetBuilder | None = None
    features: FeatureModule | None = None
    predictor: Predictor | None = None
    meter: RiskMeter | None = None
    warden: RiskWarden | None = None

    def _modules(self) -> list[Any]:  # Any: modules that also snapshot, of five rooms
        wanted = (self.sets, self.features, self.predictor)
        present = [module for module in wanted if module is not None]
        measuring = [self.meter] if self.meter is not None else []
        acting = [self.warden] if self.warden is not None else []
        return [*present, self.desk, *acting, self.ledger, self.reconciler, *measuring]

    @property
    def is_bare(self) -> bool:
        """Say whether desk, ledger and reconciler are all there is."""
        added = (self.sets, self.features, self.predictor, self.meter, self.warden)
        return all(module is None for module in added)

    def runner(self, *, wire: bool = False) -> InlineRunner:
        """Return a runner over market, signals, trading, books and meter, in this order."""
        return InlineRunner(self._modules(), wire=wire)

    def snapshot(self) -> bytes:
        """Return the state of every module."""
        return msgspec.msgpack.encode([module.snapshot() for module in self._modules()])

    def restore(self, state: bytes) -> None:
        """Bring every module to a state taken before; raise OperatorError for other modules'."""
        modules, parts = self._modules(), msgspec.msgpack.decode(state, type=list[bytes])
        if len(parts) != len(modules):
            raise OperatorError(
                f"the snapshot holds {len(parts)} modules and this program runs {len(modules)}; "
                "go on with the version that began the run, or name another --home"
            )
        for module, part in zip(modules, parts, strict=True):
            module.restore(part)


def traded_instruments(setup: Setup) -> dict[str, Instrument]:
    """Return the instruments at the digits that this run trades them with."""
    return {
        spec.symbol: msgspec.structs.replace(spec, digits=price.digits)
        for spec, price in zip(setup.instruments, setup.pricing, strict=True)
    }


def _bar_sets(setup: Setup, next_id: Callable[[], int]) -> BarSetBuilder | None:
    members: dict[int, list[str]] = {}
    for one in setup.series:
        timeframe = one.timeframe if isinstance(one, BarSeries) else TICK_BARS
        members.setdefault(int(timeframe), []).append(one.symbol)
    several = {timeframe: symbols for timeframe, symbols in members.items() if len(symbols) > 1}
    return BarSetBuilder(several, next_id) if several else None


def build_topology(setup: Setup, next_id: Callable[[], int], *, watches: bool = False) -> Topology:
    """Return fresh modules for a setup; ids come from the injected source.

    One that `watches` tells where an account reaches a limit.
    """
    instruments, desk = traded_instruments(setup), setup.desk(next_id)
    if watches:
        desk.watch = Watch(desk.plan.accounts, desk.world)
    ledger = Ledger([setup.account], instruments, next_id)
    marks = QuoteMarks([setup.account], instruments)
    return Topology(
        desk=desk,
        ledger=ledger,
        reconciler=Reconciler(ledger, next_id, marks),
        sets=_bar_sets(setup, next_id),
        meter=_meter(setup, next_id),
        warden=_warden(setup, desk, next_id, watches=watches),
        **_signals(setup, next_id),
    )


def _warden(
    setup: Setup, desk: TradingDesk, next_id: Callable[[], int], *, watches: bool
) -> RiskWarden | None:
    # Where a person may order something the warden sees it through, judges or none.
    if setup.acts is None and not watches:
        return None
    from assay.apps.lab.runs.judges import appoint_judges
    from assay.trading.engine.warden import RiskWarden

    judges = appoint_judges(setup, setup.acts, desk.world) if setup.acts else []
    return RiskWarden(desk, judges, next_id)


def _meter(setup: Setup, next_id: Callable[[], int]) -> RiskMeter | None:
    if setup.measures is None:
        return None
    from assay.trading.risk.measures import RiskMeter

    return RiskMeter(setup.symbols, setup.terms[0], [setup.account], next_id, setup.measures)


def _signals(setup: Setup, next_id: Callable[[], int]) -> dict[str, Any]:
    forecaster = setup.forecaster
    if forecaster is None:
        return {}
    from assay.apps.lab.models.forecasting import build_predictor
    from assay.signals.features import FeatureModule

    taught = forecaster.artifact.taught
    features = FeatureModule(taught.feature_set, setup.symbols, taught.timeframe, next_id)
    features.load(setup.history)
    return {"features": features, "predictor": build_predictor(setup, forecaster, next_id)}
