"""Step indicators bar by bar, the same compiled code live and over whole columns."""
