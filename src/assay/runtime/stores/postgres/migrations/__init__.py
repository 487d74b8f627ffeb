"""The schema's history, one file per revision; a revision is never changed once released."""
