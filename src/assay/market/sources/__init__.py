"""Vendors' formats, one folder each, found by name."""
