"""The cast of the sandbox: made-up people, what they are like, and how the Events API describes them."""

import random
from dataclasses import dataclass
from typing import Any

NUMBERED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
INVENTED = (
    "paper_walrus_12",
    "teapot_astronaut",
    "sample_comet_77",
    "quiet_lantern_x",
    "marble_otter_demo",
    "northern_kettle",
    "velvet_pixel_404",
    "captain_placeholder",
    "sunday_turnip",
    "lorem_fox_21",
    "ipsum_badger",
    "cardboard_dragon9",
    "mister_example_88",
    "foggy_accordion",
    "pretend_pirate_5",
    "tiny_lighthouse_q",
    "invented_igor",
    "plastic_nebula",
    "wobbly_compass_3",
    "test_pattern_tom",
    "imaginary_inga",
    "borrowed_umbrella",
    "dummy_duke_2000",
    "snowglobe_sam_00",
    "fictional_felix",
    "gravel_and_honey",
    "madeup_marta_7",
    "the_spare_button",
)
LANGUAGES = ("en", "en", "en", "de", "es", "fr", "it", "ja", "ko", "pl", "pt", "ru", "zh")
COLORS = ("", "#494949", "#494949", "#0c6a93", "#9f005d", "#1b7742")


@dataclass(frozen=True)
class Character:
    """What somebody is like: how readily they write and tip (0 to 1), their purse and their tips in tokens."""

    talks: float
    gives: float
    purse: tuple[int, int]
    tips: tuple[int, ...]


REGULAR = Character(0.6, 0.5, (600, 4_000), (5, 10, 15, 20, 25, 25, 50, 100))
BIG_TIPPER = Character(0.3, 0.5, (8_000, 30_000), (25, 50, 50, 100, 100, 200, 333, 500))
CHATTER = Character(1.0, 0.15, (0, 300), (1, 1, 2, 5, 10))
LURKER = Character(0.05, 0.05, (0, 120), (1, 5, 11))


@dataclass(eq=False, slots=True)
class Viewer:
    """One person and what the room can know about them; changes as the show goes on."""

    username: str
    character: Character
    gender: str = "m"
    subgender: str = ""
    language: str = "en"
    color: str = ""
    purse: int = 0
    recent: int = 0
    shy: bool = False
    follows: bool = False
    in_fanclub: bool = False
    renews: bool = False
    is_mod: bool = False
    is_owner: bool = False
    is_broadcasting: bool = False
    darkmode: bool = False
    here: bool = False
    stays_until: int = 0

    @property
    def recent_tips(self) -> str:
        """Give the word that the API has for the tokens tipped of late."""
        for word, below in (("none", 1), ("few", 25), ("some", 150), ("lots", 1_000)):
            if self.recent < below:
                return word
        return "tons"

    def color_group(self, recent_tips: str) -> str:
        """Give the colour of the name in chat: the role first, then the tips, then whether there are tokens."""
        for holds, group in ((self.is_owner, "o"), (self.is_mod, "m"), (self.in_fanclub, "f")):
            if holds:
                return group
        by_tips = {"tons": "l", "lots": "p", "some": "tr", "few": "t"}
        return by_tips.get(recent_tips) or ("t" if self.purse else "g")

    def as_user(self) -> dict[str, Any]:
        """Give the `user` object of the Events API (contract 1.4)."""
        recent_tips = self.recent_tips
        return {
            "colorGroup": self.color_group(recent_tips),
            "fcAutoRenew": self.in_fanclub and self.renews,
            "gender": self.gender,
            "hasDarkmode": self.darkmode,
            "hasTokens": self.purse > 0,
            "inFanclub": self.in_fanclub,
            "inPrivateShow": False,
            "isBroadcasting": self.is_broadcasting,
            "isFollower": self.follows,
            "isMod": self.is_mod,
            "isOwner": self.is_owner,
            "isSilenced": False,
            "isSpying": False,
            "language": self.language,
            "recentTips": recent_tips,
            "subgender": self.subgender,
            "username": self.username,
        }


def dice(*seed: object) -> random.Random:
    """Give a source of chance that depends on the words given and on nothing else."""
    return random.Random(":".join(map(str, seed)))  # noqa: S311 - a show, not a secret


def broadcaster(room: str) -> Viewer:
    """Give the owner of the room."""
    return Viewer(room, REGULAR, gender="f", purse=1_000, is_owner=True, darkmode=True)


def stranger() -> Viewer:
    """Give a logged-out visitor: all of them share one name and carry nothing else."""
    return Viewer("Anonymous", LURKER, gender="")


def cast_of(seed: int) -> list[Viewer]:
    """Give the forty people of a seed, viewer_one to viewer_twelve first."""
    rng = dice(seed, "cast")
    people = [_invent(name, rng) for name in (*(f"viewer_{word}" for word in NUMBERED), *INVENTED)]
    one, two, three, four, five = people[:5]
    # The script of a show counts on these five (stage.py): what they do there must be possible.
    one.character, one.purse, one.follows = REGULAR, 5_000, True
    two.follows, three.in_fanclub, three.purse, four.purse = False, False, 3_000, 2_000
    five.character, five.purse = BIG_TIPPER, 20_000
    people[7].is_mod = people[20].is_mod = True
    return people


def _invent(name: str, rng: random.Random) -> Viewer:
    character = rng.choices((REGULAR, BIG_TIPPER, CHATTER, LURKER), (12, 4, 9, 15))[0]
    gender = rng.choices("mfct", (30, 5, 3, 2))[0]
    return Viewer(
        name,
        character,
        gender=gender,
        subgender=rng.choice(("tf", "tm", "tn")) if gender == "t" else "",
        language=rng.choice(LANGUAGES),
        color=rng.choice(COLORS),
        purse=rng.randint(*character.purse),
        shy=rng.random() < 0.15,
        follows=rng.random() < 0.4,
        in_fanclub=character in (REGULAR, BIG_TIPPER) and rng.random() < 0.2,
        renews=rng.random() < 0.5,
        is_broadcasting=rng.random() < 0.04,
        darkmode=rng.random() < 0.5,
    )
