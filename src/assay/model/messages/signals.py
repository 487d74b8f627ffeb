"""Signals: what the bars say."""

from assay.model.messages.envelope import Message


class FeaturesReady(Message, frozen=True, kw_only=True):
    """Carry the features of one symbol at the close of a bar, which is `ts_event`.

    `values` are little-endian float32 in the order of the set (`feature_set` is name.version,
    `digest` 64 hex digits over its definition), NaN where one is not known. Not `settled`, they
    still show where the loaded history began. `missing` names leaders without a bar of this close.
    """

    symbol: str
    timeframe: int
    feature_set: str
    digest: str
    values: bytes
    settled: bool
    missing: tuple[str, ...] = ()
