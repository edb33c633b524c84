"""Print a table, or one sentence if it has no rows."""

from rich.console import Console
from rich.table import Table


def print_table(table: Table, *, empty: str) -> None:
    """Print `table`, or `empty` if it has no rows; 240 columns wide if stdout is not a terminal."""
    console = Console()
    if not console.is_terminal:
        console.width = 240
    console.print(table if table.row_count else empty)
