"""`cutover local …`: one verb, one file. Of the driver, only this package knows the local cloud."""
