"""What a newcomer starts from: the demo, the shop that it deploys, and the files of a project."""
