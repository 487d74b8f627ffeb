"""The quotes of a live market: its past, its feed, and the source that is believed."""
