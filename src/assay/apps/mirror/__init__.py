"""What happened to models, mirrored to MLflow; nothing here decides anything."""
