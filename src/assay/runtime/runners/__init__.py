"""What executes a topology of modules."""

from assay.runtime.runners.inline import InlineRunner
from assay.runtime.runners.module import Module

__all__ = ["InlineRunner", "Module"]
