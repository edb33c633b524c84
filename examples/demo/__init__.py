"""`cutover local demo`: versions of a small shop, deployed to the local cloud under load."""
