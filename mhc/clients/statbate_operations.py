"""The operations of Statbate's API (contract statbate 4.6): path, parameters, and what each row of the answer is."""

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from mhc.clients import statbate_members as members
from mhc.clients import statbate_models as models
from mhc.clients.fields import GENDERS

T = TypeVar("T")

SITES: Final = ("chaturbate", "stripchat", "bongacams", "camsoda", "mfc")
MOST_PER_PAGE: Final = 200
MOST_NAMES: Final = 100  # in one batch
MOST_TAGS: Final = 100  # that a search gives
GENDER_NUMBERS: Final = {word: number for number, word in GENDERS.items()}
# /members/online alone counts otherwise, and knows no trans (contract statbate 4.3).
GENDER_NUMBERS_ONLINE: Final = {"unknown": 0, "female": 1, "male": 2, "couple": 3}


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One operation; `takes` says what it may be asked with, by the fields of a query (`pages`: page and per_page)."""

    name: str
    path: str
    row: type[T]
    takes: frozenset[str]
    is_list: bool = True  # else one object
    method: str = "GET"
    genders: dict[str, int] = field(default_factory=lambda: GENDER_NUMBERS)

    @property
    def has_site_in_path(self) -> bool:
        """Whether the site is a part of the path; else it is a parameter."""
        return "{site}" in self.path


def _takes(words: str) -> frozenset[str]:
    return frozenset(words.split())


_MEMBER, _MODEL = "/members/{site}/{name}", "/model/{site}/{name}"  # plural and singular are the API's

MODELS = Operation("models", "/models", models.Model, _takes("site range genders pages"))
MEMBERS = Operation("members", "/members", members.Member, _takes("site range genders high_tippers pages"))
MEMBER_INFO = Operation(
    "member_info", f"{_MEMBER}/info", members.MemberInfo, _takes("name timezone"), is_list=False
)
MEMBER_INFO_BATCH = Operation(
    "member_info_batch",
    "/members/{site}/info/batch",
    members.MemberInfo,
    _takes("names timezone"),
    method="POST",
)
MEMBER_MODEL = Operation(
    "member_model",
    f"{_MEMBER}/model/{{model}}",
    members.MemberModel,
    _takes("name model range timezone"),
    is_list=False,
)
MODEL_INFO = Operation(
    "model_info", f"{_MODEL}/info", models.ModelInfo, _takes("name range timezone"), is_list=False
)
MODEL_ACTIVITY = Operation(
    "model_activity",
    f"{_MODEL}/activity",
    models.ModelActivity,
    _takes("name range timezone"),
    is_list=False,
)
MODEL_MEMBERS = Operation(
    "model_members", f"{_MODEL}/members", models.ModelMembers, _takes("name range timezone"), is_list=False
)
MODEL_RANK = Operation(
    "model_rank", f"{_MODEL}/rank", models.ModelRank, _takes("name range timezone"), is_list=False
)
MODEL_TIPS = Operation("model_tips", f"{_MODEL}/tips", models.ModelTip, _takes("name range timezone pages"))
MEMBER_TIPS = Operation(
    "member_tips", f"{_MEMBER}/tips", members.MemberTip, _takes("name range timezone pages")
)
MEMBER_TAG_SPENDING = Operation(
    "member_tag_spending", f"{_MEMBER}/tag-spending", members.TagSpending, _takes("name range pages")
)
MEMBER_TOP_MODELS = Operation(
    "member_top_models", f"{_MEMBER}/top-models", members.TopModel, _takes("name range timezone")
)
MEMBER_ACTIVITY = Operation(
    "member_activity",
    f"{_MEMBER}/activity",
    members.MemberActivity,
    _takes("name range timezone"),
    is_list=False,
)
TAGS = Operation("tags", "/tags", models.Tag, _takes("site range pages"))
TAGS_SEARCH = Operation("tags_search", "/tags/search", models.FoundTag, _takes("site query limit"))
MEMBERS_ONLINE = Operation(
    "members_online",
    "/members/online",
    members.OnlineMember,
    _takes("site timezone genders"),
    genders=GENDER_NUMBERS_ONLINE,
)

OPERATIONS: Final = {
    one.name: one
    for one in (
        MODELS, MEMBERS, MEMBER_INFO, MEMBER_INFO_BATCH, MEMBER_MODEL, MODEL_INFO, MODEL_ACTIVITY, MODEL_MEMBERS,
        MODEL_RANK, MODEL_TIPS, MEMBER_TIPS, MEMBER_TAG_SPENDING, MEMBER_TOP_MODELS, MEMBER_ACTIVITY, TAGS, TAGS_SEARCH,
        MEMBERS_ONLINE,
    )
}  # fmt: skip
