"""One run: what it trades, who judges it, the drivers that carry it out, its outcome."""
