"""What executes a topology of modules."""

from assay.runtime.runners.inline import InlineRunner
from assay.runtime.runners.module import Handler, Module, RoutedModule

__all__ = ["Handler", "InlineRunner", "Module", "RoutedModule"]
