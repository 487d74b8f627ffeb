"""Strategies, one file each: `decide(memory, event, position, params, intent)`.

A file declares NAME, PARAMETERS (name -> default), DEFAULTS (account and cost settings) and
`memory_words(params)`. `memory` is an int64 array that is the strategy's own, zero at the start.
"""
