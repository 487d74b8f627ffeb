"""Signals: what the bars say."""

import msgspec

from assay.model.messages.envelope import Message


class FeaturesReady(Message, frozen=True, kw_only=True):
    """Carry the features of one symbol at the close of a bar, which is `ts_event`.

    `values` are little-endian float32 in the order of the set (`feature_set` is name.version,
    `digest` 64 hex digits over its definition), NaN where one is not known. Not `settled`, they
    still show where the loaded history began. `missing` names a silent leader.
    """

    symbol: str
    timeframe: int
    feature_set: str
    digest: str
    values: bytes
    settled: bool
    missing: tuple[str, ...] = ()


class Vote(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold the score of up (ten-thousandths) of one member, or why it gave none: late or broken."""

    member: str
    score: int | None
    why: str = ""


class Layer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold what one layer said: its verdict, a score of up (ten-thousandths) if any, and why.

    Technical, ensemble and calibration say up, down or even; the ensemble may have no quorum,
    then calibration is silent. The regime is confirmed, unconfirmed or untested.
    """

    name: str
    verdict: str
    score: int | None
    text: str


class Predicted(Message, frozen=True, kw_only=True):
    """Carry what a model expects of the brackets that open after a bar, closed at `ts_event`.

    Probabilities are ten-thousandths with their bounds: `up` that the mid is higher a horizon
    (bars) on, `long` and `short` that a bracket of that side earns after costs. Before costs, one
    whose side is right gains `gain` and one whose side is wrong loses `loss`; these, `stop` and
    `target` are distances in points. Only a `state` of ready may be traded, not one of warming,
    unskilled, hindsight, silenced or inquorate. `set_size` counts the directions that the
    prediction set holds, both where nothing is known of it. `evidence` is thousandths of a decimal
    logarithm: that the skill is gone while the model may speak, that it is back while it is
    silenced. Of an ensemble, `votes` say which member voted what, and `layers` what each of the
    four layers said.
    """

    symbol: str
    timeframe: int
    model: str
    state: str
    p_up: int
    up_lower: int
    up_upper: int
    p_long: int
    long_lower: int
    long_upper: int
    p_short: int
    short_lower: int
    short_upper: int
    gain: int
    loss: int
    stop: int
    target: int
    horizon: int
    set_size: int = 2
    evidence: int = 0
    votes: tuple[Vote, ...] = ()
    layers: tuple[Layer, ...] = ()


class PatternVerdict(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold a pattern that a bar completed and what was known of its like at the close.

    `side` is 1 up or -1 down, `covers` its bars, the last included. Of `count` earlier outcomes
    that share no bar `hits` went its way, a rate between `low` and `high` (Wilson, 95 %); of the
    nearest `near_count` shapes `near_hits`, likewise. `chance` is the share of all bars after
    which the market went that way, `confidence` the probability of being better than that, None
    where too little is known. Shares are ten-thousandths.
    """

    pattern: str
    side: int
    covers: int
    verdict: str
    count: int
    hits: int
    low: int
    high: int
    near_count: int
    near_hits: int
    near_low: int
    near_high: int
    chance: int
    confidence: int | None


class PatternsJudged(Message, frozen=True, kw_only=True):
    """Carry the patterns that the bar of `cause` completed, closed at `ts_event`, each judged.

    Outcomes are those `horizon` bars later. It verifies and trades nothing.
    """

    symbol: str
    timeframe: int
    horizon: int
    patterns: tuple[PatternVerdict, ...]


class ModelPromoted(Message, frozen=True, kw_only=True):
    """Carry that another model forecasts every bar from here on, in the place of `before`.

    `digest` is SHA-256 of its description, `line` the line of the governance log that made it
    champion, `by` who did.
    """

    model: str
    digest: str
    before: str
    line: int
    by: str


class ChallengerEntered(Message, frozen=True, kw_only=True):
    """Carry that a model follows beside the one that serves, from the bars after here on.

    `digest` is SHA-256 of its description.
    """

    model: str
    digest: str


class ChallengerLeft(Message, frozen=True, kw_only=True):
    """Carry that a challenger follows no more, by whose order (empty where it ended itself)."""

    model: str
    by: str
    reason: str


class ShadowPredicted(Message, frozen=True, kw_only=True):
    """Carry what a challenger expects after the bar of `cause`, in the terms of `Predicted`.

    It is a message of its own, so that nothing that trades can mistake it for a forecast to trade.
    """

    symbol: str
    timeframe: int
    model: str
    state: str
    p_up: int
    up_lower: int
    up_upper: int
    p_long: int
    long_lower: int
    long_upper: int
    p_short: int
    short_lower: int
    short_upper: int
    gain: int
    loss: int
    stop: int
    target: int
    horizon: int
    set_size: int = 2
    evidence: int = 0
    votes: tuple[Vote, ...] = ()


class RegimeChanged(Message, frozen=True, kw_only=True):
    """Carry that another regime of a symbol was confirmed at `ts_event`, the close of a bar.

    `classifier` is the first twelve digits of its digest; `before` is empty for the first regime
    that a run tells, `confidence` the probability of `regime` (ten-thousandths).
    """

    symbol: str
    timeframe: int
    classifier: str
    before: str
    regime: str
    confidence: int


class CorrelationBroke(Message, frozen=True, kw_only=True):
    """Carry that the correlation of a pair left the interval that its own past gives it.

    Correlations are ten-thousandths: the one now, the usual one, and the interval around that.
    """

    pair: tuple[str, str]
    timeframe: int
    correlation: int
    usual: int
    low: int
    high: int


class CorrelationReturned(Message, frozen=True, kw_only=True):
    """Carry that what broke `since` (ns UTC) is over: it returned, or settled elsewhere.

    Correlations are ten-thousandths: the one now, the usual one, and the furthest from it.
    """

    pair: tuple[str, str]
    timeframe: int
    since: int
    outcome: str
    correlation: int
    usual: int
    furthest: int


class CorrelationsMeasured(Message, frozen=True, kw_only=True):
    """Carry the matrix of a window that shares no return with the one told before.

    `correlations` are ten-thousandths of the upper triangle, row by row, None where something stood
    still; `returns` counts those seen.
    """

    symbols: tuple[str, ...]
    timeframe: int
    returns: int
    correlations: tuple[int | None, ...]


class DriftFound(Message, frozen=True, kw_only=True):
    """Carry that a detector tells drift of the model that serves, after so many labels.

    `stream` is what it watched: score, loss, or the worst of the `alarmed` features. `statistic`
    is in thousandths of what alarms.
    """

    model: str
    detector: str
    stream: str
    statistic: int
    labels: int
    alarmed: int
