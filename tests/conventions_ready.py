"""The type of the fixture `ready` of tests/conventions."""

from collections.abc import Callable

from command import Mhc
from docs_tree import Leaf

Ready = Callable[[Leaf, type[Mhc]], Mhc]
