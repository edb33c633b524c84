"""Records the API requests of every role, and judges them by IAM's rules."""
