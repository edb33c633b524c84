"""Metric sources, one file for each vendor: its section of the configuration, its queries and how late its data are."""
