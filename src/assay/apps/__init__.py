"""The only room that knows the others: command line, topology, laboratory."""
