"""Models: what they are taught, how they are described and asked for forecasts."""
