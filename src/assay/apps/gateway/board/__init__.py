"""What the page shows, kept in memory and brought forward from the journal."""
