"""The Expert Advisor's twin: the protocol of docs/ea-protocol.md, written from that page alone."""
