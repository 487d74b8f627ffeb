"""What the accounts of a run hold, made and may lose."""
