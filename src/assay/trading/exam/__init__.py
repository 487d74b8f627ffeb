"""The broker exam: measure what a broker is like by small orders on a demo account."""
