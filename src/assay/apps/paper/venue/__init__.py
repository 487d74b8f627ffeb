"""Where an account's orders are filled, and by which roads they get there."""
