"""A seeded market with a planted signal whose probabilities are known, to prove the pipeline on."""

from assay.market.simulation.assets import SYMBOLS
from assay.market.simulation.generation import (
    Simulated,
    foretell_turbulence,
    simulate,
    simulate_ticks,
    simulate_truth,
)
from assay.market.simulation.scenario import KINDS, Scenario
from assay.market.simulation.truth import COVERAGES, bayes_accuracy

__all__ = [
    "COVERAGES",
    "KINDS",
    "SYMBOLS",
    "Scenario",
    "Simulated",
    "bayes_accuracy",
    "foretell_turbulence",
    "simulate",
    "simulate_ticks",
    "simulate_truth",
]
