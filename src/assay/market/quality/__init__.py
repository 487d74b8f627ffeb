"""Rules that keep bad rows out, each a function from columns to a mask, and gap finding."""

from assay.market.quality.assessment import Assessment, Rejects, assess
from assay.market.quality.gaps import find_gaps

__all__ = ["Assessment", "Rejects", "assess", "find_gaps"]
