"""What runs beside a terminal: it streams quotes, tells the account, carries commands out once."""
