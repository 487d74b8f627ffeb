"""Rules of a funded account: a profile of values from a file, and the book that holds them."""

from assay.trading.risk.prop.book import PropBook
from assay.trading.risk.prop.profile import Profile, parse_profile
from assay.trading.risk.prop.state import Breach, Headroom, PropState

__all__ = ["Breach", "Headroom", "Profile", "PropBook", "PropState", "parse_profile"]
