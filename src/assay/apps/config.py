"""The settings of the platform: one struct per section of `config.toml`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec

from assay.model.accounts import AccountSpec, CommissionMode, CommissionSchedule, MarginMode
from assay.model.errors import UsageError
from assay.model.instruments import Instrument, instrument_for
from assay.model.regimes import Regime
from assay.model.values import scale_decimal


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe the paper account: its currency, its minor unit, its cash, leverage and costs.

    `commission_rate` is per lot and side, per million or in basis points, as `commission_mode`
    says; `commission_minimum` and `swap_free_fee` (per lot and night) are in minor units.
    """

    currency: str = "USD"
    currency_digits: int = 2
    cash: Decimal = Decimal(100_000)
    leverage: int = 100
    commission_mode: CommissionMode = "none"
    commission_rate: Decimal = Decimal(0)
    commission_minimum: int = 0
    swap_free: bool = False
    swap_free_fee: int = 0
    rollover_zone: str = "America/New_York"
    rollover_hour: int = 17
    margin_mode: MarginMode = "netting"

    def __post_init__(self) -> None:
        if not 0 <= self.currency_digits <= 8:
            raise UsageError(f"account.currency_digits {self.currency_digits} is outside 0..8")
        if self.cash <= 0 or self.leverage < 1:
            raise UsageError("account.cash must be positive and account.leverage at least 1")
        self.to_spec()

    def to_spec(self) -> AccountSpec:
        """Return the account; raise UsageError where a value makes no sense."""
        return AccountSpec(
            id="paper", tenant="local", currency=self.currency,
            currency_digits=self.currency_digits,
            cash=scale_decimal(self.cash, self.currency_digits), leverage=self.leverage,
            commission=CommissionSchedule(
                mode=self.commission_mode, rate=self.commission_rate,
                minimum=self.commission_minimum,
            ),
            swap_free=self.swap_free, swap_free_fee=self.swap_free_fee,
            rollover_zone=self.rollover_zone, rollover_hour=self.rollover_hour,
            margin_mode=self.margin_mode,
        )  # fmt: skip


class PostgresConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name a PostgreSQL server; empty means the embedded one."""

    dsn: str = ""


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what is logged on stderr and how much of it the home keeps (bytes per file)."""

    level: str = "info"
    bytes: int = 10_000_000
    files: int = 5

    def __post_init__(self) -> None:
        if self.level not in ("debug", "info", "warning", "error"):
            raise UsageError(
                f"log.level {self.level!r} is unknown; use debug, info, warning or error"
            )
        if self.bytes < 10_000 or not 1 <= self.files <= 100:
            raise UsageError("log.bytes must be at least 10000 and log.files 1..100")


class RiskConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name the profile of risk limits, and say what differs from it.

    `limits` are by name as in docs/risk.md; `clusters` are symbols by the name of their cluster,
    in the place of the usual ones. Value at risk is measured where it is limited, or where
    `measure` names a method, from the last `measure_window` returns.
    """

    profile: str = "default"
    limits: dict[str, str | int | float | bool] = {}
    clusters: dict[str, list[str]] = {}
    measure: str = ""
    measure_window: int = 500
    measure_confidence: float = 0.99

    def decisive(self) -> dict[str, Any]:
        """Return the profile and what is set, so that a profile alone bears the name it had."""
        told, usual = msgspec.to_builtins(self), msgspec.to_builtins(RiskConfig())
        return {
            name: value for name, value in told.items() if name == "profile" or value != usual[name]
        }


class ActsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what risk does by itself while it trades (docs/risk.md); nothing where nothing is named.

    `prop` names a profile of docs/prop.md and `prop_initial` the balance its account began with,
    `band` the folder of the run that is evidence. Shares and levels are basis points, ranges are
    average true ranges, and `scale_out` says what percent of a position goes so many of them ahead.
    `weights` are the shares of equity that positions may come to, with `weight_band` on top;
    `regime_sizes` what percent of a size a regime leaves.
    """

    prop: str = ""
    prop_flatten_percent: Decimal = Decimal(90)
    prop_initial: Decimal | None = None
    band: str = ""
    weekend: Literal["flat", "reduce", "hold"] = "hold"
    weekend_lead: str = "1h"
    weekend_risk_bp: int = 100
    weekend_gaps_bp: dict[str, Decimal] = {}
    margin_level_bp: int = 0
    volatility_bars: int = 14
    volatility_stop: Decimal = Decimal(0)
    scale_out: dict[str, int] = {}
    cluster_share_bp: int = 0
    weights: dict[str, Decimal] = {}
    weight_band: Decimal = Decimal("0.05")
    regime_sizes: dict[str, int] = {}

    def __post_init__(self) -> None:
        if not 0 < self.weekend_risk_bp <= 10_000:
            raise UsageError(f"weekend_risk_bp {self.weekend_risk_bp} is outside 1..10000")
        if min(self.margin_level_bp, self.cluster_share_bp, self.volatility_stop) < 0:
            raise UsageError(
                "margin_level_bp, cluster_share_bp and volatility_stop must be 0 or more"
            )
        if not 2 <= self.volatility_bars <= 10_000:
            raise UsageError(f"volatility_bars {self.volatility_bars} is outside 2..10000")
        if self.weight_band < 0 or any(weight < 0 for weight in self.weights.values()):
            raise UsageError("weights and weight_band are shares of equity, 0 or more")
        self._require_regimes()
        self.parts()

    def _require_regimes(self) -> None:
        known = [*(regime.name.lower() for regime in Regime), "unknown"]
        for name, percent in self.regime_sizes.items():
            if name not in known:
                raise UsageError(
                    f"regime_sizes: {name!r} is no regime; use one of {', '.join(known)}"
                )
            if not 0 <= percent <= 100:
                raise UsageError(f"regime_sizes: {name} leaves {percent} %, outside 0..100")

    def parts(self) -> list[tuple[Decimal, int]]:
        """Return ranges and percents of scaling out, the nearest first; raise UsageError else."""
        try:
            found = sorted((Decimal(ranges), percent) for ranges, percent in self.scale_out.items())
        except InvalidOperation:
            raise UsageError(
                f"scale_out {list(self.scale_out)} are not numbers of ranges"
            ) from None
        if any(not 0 < ranges < 1_000 or percent <= 0 for ranges, percent in found):
            raise UsageError("each of scale_out is above 0 ranges and takes a part, such as 1 = 50")
        if sum(percent for _, percent in found) > 100:
            raise UsageError("scale_out takes more than 100 % of a position")
        return found


class MachineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say whether the machine's processors stay awake while the platform runs."""

    stay_awake: bool = False


class EnsembleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how long a member of an ensemble may take to answer a live bar (ms), 0 for ever."""

    member_deadline_ms: int = 200

    def __post_init__(self) -> None:
        if not 0 <= self.member_deadline_ms <= 60_000:
            raise UsageError(
                f"ensemble.member_deadline_ms {self.member_deadline_ms} is outside 0..60000"
            )

    @property
    def deadline(self) -> float | None:
        """Return the deadline in seconds, None where there is none."""
        return self.member_deadline_ms / 1_000 or None


class SourcesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name the edges whose quotes a live market has, the first choice first; `by_symbol` ranks."""

    edges: list[str] = []
    by_symbol: dict[str, list[str]] = {}


class RoadsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name the edge, of the same login, by which exits go that the traded edge cannot carry out."""

    other: str = ""


class ConditionsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what is watched beside trading: saved regimes by name, correlations over `window` bars.

    Without `enabled` nothing is, drift included.
    """

    enabled: bool = True
    regimes: list[str] = []
    window: int = 500

    def __post_init__(self) -> None:
        if not 40 <= self.window <= 100_000:
            raise UsageError(f"conditions.window {self.window} is outside 40..100000 bars")


class AiConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name the model that challenges the champion where `assay up` names none; '' for nobody."""

    challenger: str = ""


class PatternsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say whether patterns are judged beside a run, and how: see `signals.recognition.Terms`.

    `store` keeps the shapes that others are compared with: memory, or postgres with pgvector.
    """

    enabled: bool = True
    horizon: int = 12
    confidence: float = 0.7
    neighbours: int = 50
    store: str = "memory"

    def __post_init__(self) -> None:
        if self.store not in ("memory", "postgres"):
            raise UsageError(f"patterns.store {self.store!r} is unknown; use memory or postgres")


class MlflowConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say whether and where MLflow is told of models; without an address in the home itself."""

    enabled: bool = True
    tracking_uri: str = ""
    experiment: str = "assay"

    def __post_init__(self) -> None:
        if not self.experiment.strip():
            raise UsageError("mlflow.experiment is empty; name one, such as assay")


class TwinConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say whether each day is run again once it is over, and how far its profit may then differ.

    `bound` is a share of the equity that the day began with; beyond it entries are paused.
    """

    enabled: bool = True
    bound: float = 0.005

    def __post_init__(self) -> None:
        if not 0 < self.bound <= 1:
            raise UsageError(f"twin.bound {self.bound:g} is outside 0..1; 0.005 is half a percent")


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Compose the sections of `config.toml`.

    `instruments` overrides single fields of an instrument's usual contract, by symbol.
    """

    account: AccountConfig = AccountConfig()
    postgres: PostgresConfig = PostgresConfig()
    log: LogConfig = LogConfig()
    risk: RiskConfig = RiskConfig()
    acts: ActsConfig = ActsConfig()
    machine: MachineConfig = MachineConfig()
    ensemble: EnsembleConfig = EnsembleConfig()
    ai: AiConfig = AiConfig()
    patterns: PatternsConfig = PatternsConfig()
    mlflow: MlflowConfig = MlflowConfig()
    conditions: ConditionsConfig = ConditionsConfig()
    sources: SourcesConfig = SourcesConfig()
    roads: RoadsConfig = RoadsConfig()
    twin: TwinConfig = TwinConfig()
    instruments: dict[
        str, dict[str, Any]
    ] = {}  # Any: typed by Instrument, see configured_instrument

    def __post_init__(self) -> None:
        for symbol in self.instruments:
            configured_instrument(self, symbol)

    def decisive(self) -> bytes:
        """Return what of the settings may change a result: not who is told, nor what is beside."""
        told = msgspec.to_builtins(self)
        for name in ("mlflow", "conditions", "patterns", "ai", "sources", "roads", "twin"):
            del told[name]
        told["risk"] = self.risk.decisive()
        if self.account.margin_mode == "netting":
            del told["account"]["margin_mode"]  # a netting account bears the name it had
        if self.acts == ActsConfig():
            del told["acts"]
        return msgspec.json.encode(told)


def configured_instrument(config: Config, symbol: str) -> Instrument:
    """Return an instrument's contract with the overrides of `[instruments.SYMBOL]` on top."""
    overrides = config.instruments.get(symbol)
    if not overrides:
        return instrument_for(symbol)
    try:
        usual = msgspec.to_builtins(instrument_for(symbol))
    except UsageError:
        usual = {"symbol": symbol}
    try:
        return msgspec.convert({**usual, **overrides}, Instrument, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"[instruments.{symbol}] in config.toml: {error}; correct it") from None
