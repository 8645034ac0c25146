"""The models of the sandbox: who else is on air beside its own room, and what each is about."""

from dataclasses import dataclass
from typing import Final

# As Statbate's API counts them, everywhere but in /members/online.
MALE, FEMALE, TRANS, COUPLE = range(4)
FIRST_RID: Final = 700_001
FIRST_DID: Final = 900_001
TAG_KINDS: Final = {
    "music": "activity", "dance": "activity", "books": "activity", "cooking": "activity", "sample": "general",
    "cats": "general", "newcomer": "general", "long-hair": "appearance",
}  # fmt: skip


@dataclass(frozen=True)
class Model:
    """A model: name, gender as a number, tags."""

    name: str
    gender: int
    tags: tuple[str, ...]


ELSEWHERE: Final = (
    Model("other_room", TRANS, ("music", "sample")),
    Model("third_room", FEMALE, ("dance", "music")),
    Model("made_up_mansion", COUPLE, ("cooking",)),
    Model("invented_attic", MALE, ("books", "cats")),
    Model("placeholder_garden", FEMALE, ("newcomer", "dance")),
    Model("pretend_kitchen", FEMALE, ("cooking", "music", "long-hair")),
    Model("sample_library", MALE, ("books",)),
    Model("fictional_stage", FEMALE, ("dance", "long-hair")),
)


def models_with(room: str) -> tuple[Model, ...]:
    """Give every model, the own room first."""
    return (Model(room, FEMALE, ("music", "dance", "sample")), *ELSEWHERE)
