"""`cutover local …`: one file for each verb. Outside `cutover.localcloud`, only this package uses the local cloud."""
