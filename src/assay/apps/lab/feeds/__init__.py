"""What a run is fed and charged: series as events, brokers, simulated markets."""
