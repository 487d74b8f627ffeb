"""Which model `assay up` trades where none is named: the champion of its instruments and bars.

The engine is loaded only in a home that has champions.
"""

from __future__ import annotations

from msgspec import structs

from assay.apps.cli.console import note
from assay.apps.lab.champions.serving import (
    Serving,
    digest_model,
    find_serving,
    record_fallback,
    scope_of,
)
from assay.apps.paper.control.orders import (
    CHALLENGE,
    PROMOTE,
    Answer,
    Challenged,
    ControlOrder,
    Promoted,
    ask_trader,
)
from assay.apps.paper.plan import Plan
from assay.books.chained.heads import read_head
from assay.books.governance import ACTS, Act, Scope
from assay.model.errors import DataError, UsageError
from assay.runtime.environment import user_name
from assay.runtime.home import Home
from assay.runtime.logs import Logger


def market_of(plan: Plan) -> str:
    """Return the name of the market that a plan simulates, '' for a real one.

    A model of one simulated market knows nothing of another, though they bear the same symbols.
    """
    if plan.source != "sim":
        return ""
    told = plan.scenario()
    return f"simulated {told.kind} {told.strength:g} seed {told.seed}"


def scope_of_plan(plan: Plan) -> Scope:
    """Return instruments, bars and market of a plan; its files are read where it replays some."""
    if plan.source == "sim":
        told = plan.scenario()
        return Scope(tuple(sorted(told.symbols)), int(told.timeframe), market_of(plan))
    from assay.apps.lab.feeds.events import TICK_BARS

    if plan.source == "live":
        return Scope(tuple(sorted(plan.symbols or ())), int(TICK_BARS))
    from assay.market.series import BarSeries
    from assay.market.sources.parquet import read_parquet

    found = [read_parquet(path) for path in plan.files()]
    lengths = {int(one.timeframe if isinstance(one, BarSeries) else TICK_BARS) for one in found}
    return Scope(tuple(sorted(one.symbol for one in found)), max(lengths))


def find_champion(home: Home, plan: Plan) -> Serving | None:
    """Return the champion that a plan trades; None where it names a model or needs none."""
    if plan.model is not None or not (home.path / ACTS.folder).is_dir():
        return None
    from assay.trading.engine.loading import load_strategy

    plan.files()
    if load_strategy(plan.strategy, home.path / "strategies").conclude is None:
        return None
    return find_serving(home, scope_of_plan(plan))


def count_acts(home: Home) -> int:
    """Return how many lines the governance log has; DataError where its head is unreadable."""
    head = read_head(home.path / ACTS.folder, ACTS.head)
    return head.lines if head else 0


def order_of(act: Act) -> ControlOrder:
    """Return the order that tells a running trader of an act."""
    promoted = Promoted(
        model=act.model, digest=act.digest, before=act.before, line=act.number,
        symbols=act.scope.symbols, timeframe=act.scope.timeframe, market=act.scope.market,
    )  # fmt: skip
    return ControlOrder(PROMOTE, act.reason, act.who, promoted)


def tell_running(home: Home, act: Act) -> Answer | None:
    """Let a running platform trade with a new champion; None where none runs."""
    return ask_trader(home, order_of(act)) if home.is_locked("up") else None


def challenge_running(home: Home, model: str, reason: str) -> Answer:
    """Let a model challenge the champion of a running platform, '' for nobody.

    Raises UsageError for an unknown model, and where no platform runs.
    """
    models = home.path / "models"
    if model:
        scope_of(models, model)
    if not home.is_locked("up"):
        raise UsageError(
            "no `assay up` runs in this home; --challenger there, or [ai] challenger in "
            "config.toml, lets a model follow from its start on"
        )
    told = Challenged(model, digest_model(models, model)) if model else Challenged()
    return ask_trader(home, ControlOrder(CHALLENGE, reason, user_name(), challenged=told))


def name_challenger(plan: Plan, configured: str) -> Plan:
    """Return a plan with the challenger of the settings where it names none and trades by one.

    One that serves by now challenges nobody, and that is said.
    """
    if plan.challenger is not None or not configured or plan.strategy != "ai":
        return plan
    if configured == plan.model:
        note(f"[ai] challenger {configured} serves, so nobody challenges it")
        return plan
    return structs.replace(plan, challenger=configured)


def tell_champion(home: Home, plan: Plan, serving: Serving, log: Logger) -> None:
    """Say which champion trades, and loudly which were refused; raise DataError if none is left."""
    for model, fault in serving.refused:
        text = f"champion {model} of {serving.scope} is REFUSED: {fault}"
        log.error(text)
        note(text)
    if serving.refused:
        record_fallback(home, serving)
    if serving.model:
        behind = "the one before it, trades instead" if serving.refused else "champion, trades"
        note(f"model {serving.model}, {behind}")
    elif not plan.needs_teaching:
        raise DataError(
            f"no champion of {serving.scope} can be loaded; bring them back with `assay restore`, "
            "or promote another model"
        )
