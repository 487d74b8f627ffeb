"""What a model is worth on bars it never saw: one span, or walking forward."""
