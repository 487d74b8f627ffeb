"""Judges of an open account: each looks at it and says what risk is to do, one file a judge."""
