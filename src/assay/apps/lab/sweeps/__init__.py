"""Many variants of a strategy over one market, and the choice among them."""
