"""Stores: one folder per kind, embedded by default, a server when you outgrow it."""
