"""How each kind of step is observed, done and verified; one kind, one file."""
