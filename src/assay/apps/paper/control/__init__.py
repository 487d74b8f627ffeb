"""What reaches a running trader from beside it, and how that is told to people."""
