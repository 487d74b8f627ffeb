"""What a run is held to: acts of risk, the band of its evidence, an account's rules."""
