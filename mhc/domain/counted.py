"""Numbers with what they count, as people say them: `1 tip`, `2 tips`, `1 person`, `2 people`."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """Give a number and its noun, with a verb where one follows: `many`, or `one` with an s, for all but one."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def signed(number: int) -> str:
    """Give how much more or less something is: `+3`, `-3`; nothing has no sign."""
    return f"{number:+,}" if number else "0"
