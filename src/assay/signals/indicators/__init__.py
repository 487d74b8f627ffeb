"""One indicator a file: a compiled step over one bar, and its declaration as PLUGIN."""
