"""Print a table, or one sentence where it has no rows."""

from rich.console import Console
from rich.table import Table


def print_table(table: Table, *, empty: str) -> None:
    """On a terminal as wide as it is; in a file nothing is cut."""
    console = Console()
    if not console.is_terminal:
        console.width = 240
    console.print(table if table.row_count else empty)
