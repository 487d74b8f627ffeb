"""The folder in which one installation keeps everything: opened, locked, measured."""

from assay.runtime.home.folder import Home, open_home
from assay.runtime.home.lock import HomeLock

__all__ = ["Home", "HomeLock", "open_home"]
