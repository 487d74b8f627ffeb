"""What a run shows of itself, on the terminal and to the processes beside it."""
