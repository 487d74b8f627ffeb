"""From labelled bars to a calibrated model."""

from assay.signals.training.ensembling import train_ensemble
from assay.signals.training.fitting import Lesson, train
from assay.signals.training.leading import Past, find_leads
from assay.signals.training.rows import Bars, Rows, decided, label_rows, mark_rows, pool
from assay.signals.training.sequences import cut_windows
from assay.signals.training.splits import Split, split_rows

__all__ = [
    "Bars", "Lesson", "Past", "Rows", "Split", "cut_windows", "decided", "find_leads", "label_rows",
    "mark_rows", "pool", "split_rows", "train", "train_ensemble",
]  # fmt: skip
