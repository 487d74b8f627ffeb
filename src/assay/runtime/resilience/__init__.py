"""Go on where a part is late or broken."""

from assay.runtime.resilience.crew import Absence, Crew

__all__ = ["Absence", "Crew"]
