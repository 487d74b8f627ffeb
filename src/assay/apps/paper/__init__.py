"""Paper trading: the message path on a journal, with a view and a kill switch.

A folder rests on those named before it: control, view, trader, venue, market, models.
"""
