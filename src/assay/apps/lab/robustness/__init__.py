"""What else could have come of a strategy: redrawn, jittered, struck, in one regime."""
