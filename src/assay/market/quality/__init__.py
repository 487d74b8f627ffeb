"""Rules that keep bad rows out, each a function from columns to a mask, and gap finding."""

from assay.market.quality.assessment import Assessment, Rejects, assess, assess_file
from assay.market.quality.gaps import find_gaps

__all__ = ["Assessment", "Rejects", "assess", "assess_file", "find_gaps"]
