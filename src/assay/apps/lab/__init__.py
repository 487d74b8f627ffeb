"""The laboratory: the same engine over history, by the sweep or the replay driver."""
