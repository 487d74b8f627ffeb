"""One risk rule a file: `allows(order, account, position, market, instrument, limits)`."""
