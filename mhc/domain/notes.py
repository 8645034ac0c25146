"""What a note may be about."""

from typing import Final, Literal, get_args

Category = Literal["notes", "pm", "dm", "public_chat", "tips", "tip_menu"]
CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)
