"""Indicators that a tenant wrote: confined, checked in a process of their own, and loaded."""

from assay.signals.plugins.checking import Checked, Limits, check_source
from assay.signals.plugins.confinement import require_confined
from assay.signals.plugins.loading import digest_source, load_own

__all__ = [
    "Checked",
    "Limits",
    "check_source",
    "digest_source",
    "load_own",
    "require_confined",
]
