"""What may be asked of the gateway, by whom, and what it answers."""
