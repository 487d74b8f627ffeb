"""The search for the settings of a model family, by one machine or a cluster."""
