"""Which of twelve regimes a market is in, how sure that is, and which one is ahead."""

from assay.signals.regimes.chain import CELL_OF, Chain, stationary
from assay.signals.regimes.classifier import (
    Classified,
    Classifier,
    Reading,
    RegimeStream,
    filter_bars,
    fit_classifier,
    seen_of,
)
from assay.signals.regimes.features import AHEAD_LEAST, AHEAD_MOST, regime_set
from assay.signals.regimes.filtering import LIKELY
from assay.signals.regimes.fitting import fit_chain
from assay.signals.regimes.labelling import UNKNOWN, Rules, last_confirmed
from assay.signals.regimes.saving import Kept, place_of, read_classifier, write_classifier
from assay.signals.regimes.scoring import Score, count_switches, measure_delays, score_classes
from assay.signals.regimes.watching import RegimeNow, RegimeWatch

__all__ = [
    "AHEAD_LEAST", "AHEAD_MOST", "CELL_OF", "Chain", "Classified", "Classifier", "Kept", "LIKELY",
    "Reading", "RegimeNow", "RegimeStream", "RegimeWatch", "Rules", "Score", "UNKNOWN",
    "count_switches", "filter_bars", "fit_chain", "fit_classifier", "last_confirmed",
    "measure_delays", "place_of", "read_classifier", "regime_set", "score_classes", "seen_of",
    "stationary", "write_classifier",
]  # fmt: skip
