"""The workload that the driver benches share, and the loops they are compared with."""
