"""The hot path: what every message goes through, and how a start recovers it."""
