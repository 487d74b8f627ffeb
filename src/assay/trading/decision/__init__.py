"""From a forecast to a side, a size, or a reason to abstain."""
