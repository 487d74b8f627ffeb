"""The process `twin`: each live day is run again once it is over, beside the trader."""

BY = "twin"
"""The source by which it holds entries back."""
BOUND_PARTS = 10_000
"""What the bound of TwinAppraised is counted in."""

__all__ = ["BOUND_PARTS", "BY"]
