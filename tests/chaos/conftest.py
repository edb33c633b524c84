"""The environment of the end-to-end tests: a local cloud in a process of its own, and the command line."""

from e2e.conftest import local_cloud, shell

__all__ = ["local_cloud", "shell"]
