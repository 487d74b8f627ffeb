"""The settings of a home: flag > ASSAY_* variable > config.toml > default."""

from assay.runtime.settings.load import Settings, load_settings

__all__ = ["Settings", "load_settings"]
