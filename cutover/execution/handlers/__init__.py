"""How each kind of step is checked, applied and verified: one file for each kind."""
