"""One risk rule a file: `check(order, account, position, market, instrument, limits)`."""
