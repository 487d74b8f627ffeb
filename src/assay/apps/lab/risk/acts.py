"""What risk does by itself in a run: its settings, with the files that they name read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from assay.apps.config import ActsConfig, Config
from assay.market.news import Release
from assay.model.accounts import AccountSpec
from assay.model.errors import UsageError
from assay.model.values import scale_decimal
from assay.trading.risk.acts.pauses import PauseTerms
from assay.trading.risk.acts.volatility import PARTS, Target, VolatilityTerms
from assay.trading.risk.limits import LIMITS, read_limit

if TYPE_CHECKING:  # NumPy's and SciPy's share of these is loaded where a band is wanted
    from assay.books.analytics.band import Evidence
    from assay.trading.risk.prop.profile import Profile

PPM_OF_BP = 100
WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Acts:
    """Hold what each judge is told; None where none is appointed. Money is in minor units."""

    prop: Profile | None
    prop_flatten: Decimal
    prop_initial: int | None
    releases: tuple[tuple[str, tuple[int, ...]], ...]
    band: Evidence | None
    pauses: PauseTerms | None
    margin_level: int
    volatility: VolatilityTerms | None
    cluster_share: int
    weights: tuple[tuple[str, int], ...]
    regime_sizes: tuple[tuple[str, int], ...] = ()


def configured_acts(
    config: Config, account: AccountSpec, releases: Sequence[Release]
) -> Acts | None:
    """Return what `[acts]` asks for, None where it asks for nothing.

    Raises UsageError for a file that cannot be read, or news that nobody tells.
    """
    given = config.acts
    if given == ActsConfig():
        return None
    told = config.conditions
    if given.regime_sizes and not (told.enabled and told.regimes):
        raise UsageError(
            "acts.regime_sizes follows regimes that nobody tells; name the classifiers of "
            "`assay regimes --save` as regimes under [conditions], enabled"
        )
    profile = _read_profile(given.prop)
    news = _news_times(profile, releases) if profile else ()
    initial = given.prop_initial
    return Acts(
        prop=profile, prop_flatten=given.prop_flatten_percent,
        prop_initial=scale_decimal(initial, account.currency_digits) if initial else None,
        releases=news, band=_read_evidence(given.band), pauses=_pause_terms(given),
        margin_level=given.margin_level_bp, volatility=_volatility_terms(given),
        cluster_share=given.cluster_share_bp, weights=_most_of_each(given),
        regime_sizes=tuple(
            (name.replace("_", " "), percent) for name, percent in given.regime_sizes.items()
        ),
    )  # fmt: skip


def _read_profile(name: str) -> Profile | None:
    if not name:
        return None
    from assay.trading.risk.prop.profile import parse_profile

    try:
        return parse_profile(Path(name).read_text(encoding="utf-8"), name)
    except OSError as error:
        raise UsageError(f"acts.prop: {name} cannot be read ({error})") from None


def _news_times(
    profile: Profile, releases: Sequence[Release]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    if profile.news is None:
        return ()
    if not releases:
        raise UsageError("acts.prop minds the news, and no --calendar tells of it; give one")
    from assay.apps.lab.risk.prop import news_by_currency

    found = news_by_currency(profile, releases)
    return tuple((currency, tuple(times)) for currency, times in sorted(found.items()))


def _read_evidence(folder: str) -> Evidence | None:
    if not folder:
        return None
    from assay.apps.lab.risk.banding import measure_evidence

    return measure_evidence(Path(folder))


def _pause_terms(given: ActsConfig) -> PauseTerms | None:
    if given.weekend == "hold":
        return None
    lead = read_limit(LIMITS["weekend_before"], given.weekend_lead)
    gaps = {symbol: int(bp * PPM_OF_BP) for symbol, bp in sorted(given.weekend_gaps_bp.items())}
    assert isinstance(lead, int)
    return PauseTerms(given.weekend, lead, given.weekend_risk_bp, gaps)


def _most_of_each(given: ActsConfig) -> tuple[tuple[str, int], ...]:
    """Return the basis points of equity that each position may come to, its band on top."""
    return tuple(
        (symbol, int((weight + given.weight_band) * WHOLE) if weight else 0)
        for symbol, weight in sorted(given.weights.items())
    )


def _volatility_terms(given: ActsConfig) -> VolatilityTerms | None:
    if not (given.volatility_stop or given.scale_out):
        return None
    targets = tuple(Target(int(ranges * PARTS), percent) for ranges, percent in given.parts())
    return VolatilityTerms(given.volatility_bars, int(given.volatility_stop * PARTS), targets)
