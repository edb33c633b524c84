"""Metric sources, one file for each vendor: its section of the configuration, its queries and the delay of its data."""
