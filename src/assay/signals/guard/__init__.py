"""Watch a model while it serves: what it leaves possible, and whether its skill is still there."""

from assay.signals.guard.guard import LEVEL, MISSES, Guard
from assay.signals.guard.learning import Kept, learn_watch
from assay.signals.guard.sets import start_reach, track_sets
from assay.signals.guard.watch import Watch

__all__ = [
    "LEVEL", "MISSES", "Guard", "Kept", "Watch", "learn_watch", "start_reach", "track_sets",
]  # fmt: skip
