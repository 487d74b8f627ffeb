"""Paper trading: the message path on a journal, with a view and a kill switch."""
