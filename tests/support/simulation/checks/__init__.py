"""The checks of the promises, by what they look at."""
