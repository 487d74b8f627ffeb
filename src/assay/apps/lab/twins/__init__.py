"""A day that was traded, run again without a venue and held against what happened."""
