"""Where orders go, one folder a broker."""
