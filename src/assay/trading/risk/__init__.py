"""What may become an order, and what may not."""
