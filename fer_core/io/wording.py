"""Numbers in sentences."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number and what it counts: ``1 run``, ``1,234 runs``.

    Args:
        count: 0 or more.
        noun: in the singular, with what follows it, as ``run is``.
        plural: where it takes more than an s.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
