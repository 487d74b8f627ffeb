"""Who may use the platform, and how it is paid."""
