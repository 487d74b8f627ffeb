"""From the wish to trade to the fill: strategies, risk, engine, brokers."""
