"""Which model serves a scope, and what a challenger must show to take its place."""
