"""Find patterns bar by bar, and hold each against what became of its like."""

from assay.signals.recognition.catalogue import PATTERNS
from assay.signals.recognition.hitrate import LEAST, LEVEL, HitRate
from assay.signals.recognition.judging import VERDICTS, Found, Judgement, Terms, separate
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.shapes import MemoryShapes, ShapeStore, shape_of
from assay.signals.recognition.stream import PatternStream, choose_patterns, find_patterns
from assay.signals.recognition.telling import tell_judgements
from assay.signals.recognition.validator import PatternValidator, scan

__all__ = [
    "LEAST", "LEVEL", "PATTERNS", "Found", "HitRate", "Judgement", "MemoryShapes", "Pattern",
    "PatternStream", "PatternValidator", "ShapeStore", "Terms", "VERDICTS",
    "choose_patterns", "find_patterns", "scan", "separate", "shape_of",
    "tell_judgements",
]  # fmt: skip
