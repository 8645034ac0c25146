"""Every row of the fault catalogue has a test that is named by it."""

import ast
from pathlib import Path

ROWS = (
    *(f"a{n}" for n in range(1, 8)), *(f"b{n}" for n in range(1, 6)), *(f"c{n}" for n in range(1, 7)),
    *(f"d{n}" for n in range(1, 4)), *(f"e{n}" for n in range(1, 4)), *(f"f{n}" for n in range(1, 17)),
    *(f"g{n}" for n in range(1, 7)), "h1", "h2", *(f"i{n}" for n in range(1, 5)), "j1", "j2", "j3", "k1", "k2",
)  # fmt: skip


def test_every_row_has_a_test() -> None:
    names = [
        node.name
        for path in Path(__file__).parents[1].rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    missing = [row for row in ROWS if not any(name.startswith(f"test_fault_{row}_") for name in names)]
    assert missing == []
