"""Benches: one file per path, each beside a reference measured in the same run."""
