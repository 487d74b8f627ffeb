"""The process `store`: what the trader publishes, written to the analytics store in batches."""
