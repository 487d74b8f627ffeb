"""The page's server: one local web process that reads the ring and the journal.

A folder rests on those named before it: board, metrics, web.
"""
