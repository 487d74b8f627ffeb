"""One pattern a file: a compiled look at the last bars, and its declaration as PLUGIN."""
