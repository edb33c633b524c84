"""Examples for a new user: the demo, the shop that it deploys, and the files of a project."""
