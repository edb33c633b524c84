"""Formats a duration for a sentence."""


def duration(seconds: float) -> str:
    """Return `seconds` as text: `850 ms`, `12 s`, `3 min 20 s` or `2 h 5 min`."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms" if seconds else "0 s"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")
