"""Every command that prints rows or a record prints them in every format, and the shared options mean what they say."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from calls import call_of
from command import MhcHere, Run
from docs_tree import Leaf, leaves
from mhc.cli.root import cli

PRINTING = [leaf for leaf in leaves() if leaf.fields is not None]
LISTS = [leaf for leaf in PRINTING if leaf.is_list]
# On a terminal it prints a checklist under the names of its checks: a table would cut what is to be done.
CHECKLIST = {"doctor"}
# On a terminal it prints a column a record.
SIDE_BY_SIDE = {"person compare"}
# On a terminal several figures stand on a line, as people read them.
CARD = {"person show", "report digest"}
# While no session is live, all but room and state is unknown.
SHORTER = {"session status"}
each_printing = pytest.mark.parametrize("leaf", PRINTING, ids=lambda leaf: leaf.path)
each_list = pytest.mark.parametrize("leaf", LISTS, ids=lambda leaf: leaf.path)


def words(leaf: Leaf) -> list[str]:
    return [*leaf.path.split(), *call_of(leaf).split, *(["-n"] if "Writing" in leaf.sets else [])]


def ask(mhc: MhcHere, leaf: Leaf, *more: str, **environ: str) -> Run:
    """Call a command; 0 and 4, what a check says, are answers."""
    run = mhc(*words(leaf), *more, **environ)
    assert run.status in {0, 4}, run.stderr
    return run


def rows_of(body: Any) -> list[dict[str, Any]]:
    """Give the rows of a list, of a report, or the one record."""
    if isinstance(body, dict):
        body = body.get("rows", [body])
    assert isinstance(body, list)
    return body


def delimited(text: str, *, comma: bool) -> list[list[str]]:
    if comma:
        return list(csv.reader(io.StringIO(text, newline="")))
    return [line.split("\t") for line in text.split("\n")[:-1]]


@each_printing
def test_json_and_ndjson_hold_the_same_rows(reading: MhcHere, leaf: Leaf) -> None:
    whole = ask(reading, leaf, "-o", "json")
    rows = rows_of(whole.json)
    names = [field.name for field in leaf.fields or () if field.json]
    assert rows
    assert all(list(row) == names for row in rows)
    assert isinstance(whole.json, list) == (leaf.is_list and not isinstance(whole.json, dict))
    lines = ask(reading, leaf, "-o", "ndjson").stdout
    assert [list(json.loads(line)) for line in lines.splitlines()] == [names] * len(rows)
    for same in (ask(reading, leaf, "--json"), ask(reading, leaf, MHC_OUTPUT="json")):
        assert [list(row) for row in rows_of(same.json)] == [names] * len(rows)
    assert ask(reading, leaf, "-o", "ndjson", MHC_OUTPUT="json").stdout.count("\n") == len(rows)
    assert ask(reading, leaf, "--json", MHC_OUTPUT="csv").stdout[0] in "[{"
    assert reading(*words(leaf), "--json", "-o", "csv").status == 2
    assert reading(*words(leaf), "-o", "yaml").status == 2


@each_printing
def test_csv_and_tsv_have_a_header_and_as_many_cells_in_each_row(reading: MhcHere, leaf: Leaf) -> None:
    names = [field.name for field in leaf.fields or () if field.table]
    for form in ("csv", "tsv"):
        lines = delimited(ask(reading, leaf, "-o", form).stdout, comma=form == "csv")
        bare = delimited(ask(reading, leaf, "-o", form, "--no-headers").stdout, comma=form == "csv")
        if leaf.is_list or form == "csv":
            assert {len(line) for line in lines} == {len(lines[0])}
            assert bare == lines[1:] or leaf.path in CHECKLIST
        else:  # a record in a pipe is `key<TAB>value`
            assert {len(line) for line in lines} == {2}
            assert {len(line) for line in bare} == {1}
        found = lines[0] if leaf.is_list or form == "csv" else [line[0] for line in lines]
        if leaf.path not in SHORTER:
            whole = list(dict.fromkeys(name.split(".")[0] for name in found))
            assert whole == names
    assert ask(reading, leaf).stdout == ask(reading, leaf, "-o", "tsv").stdout  # auto, in a pipe


@each_printing
def test_a_table_has_the_columns_of_tsv(reading: MhcHere, leaf: Leaf) -> None:
    table = ask(reading, leaf, MHC_FORCE_TTY="2000").stdout.splitlines()
    tsv = ask(reading, leaf, "-o", "tsv").stdout.splitlines()
    if leaf.path in SIDE_BY_SIDE:
        assert [line.split()[0] for line in table] == tsv[0].split("\t")
    elif leaf.is_list and leaf.path not in CHECKLIST:
        heading = {field.name: field.heading for field in leaf.fields or ()}
        assert table[0].split("  ") != [""]
        titles = [title.strip() for title in table[0].split("  ") if title.strip()]
        assert titles == [heading[name] for name in tsv[0].split("\t")]
    elif not leaf.is_list and leaf.path not in CARD:
        keys = [line.split(" ")[0] for line in table if line[:1] != " "]
        assert keys == [line.split("\t")[0] for line in tsv]


@each_printing
def test_names_are_bare_where_there_are_some(reading: MhcHere, leaf: Leaf) -> None:
    run = reading(*words(leaf), "-o", "name")
    if not any(field.kind == "username" for field in leaf.fields or ()):
        assert run.status == 2
        assert "-o name" in run.stderr
        return
    assert run.status == 0
    assert run.stdout
    assert all(line and min(line) >= " " for line in run.stdout.split("\n")[:-1])


@each_printing
def test_fields_are_listed_chosen_and_completed(reading: MhcHere, leaf: Leaf) -> None:
    names = [field.name for field in leaf.fields or ()]
    listed = reading(*leaf.path.split(), "--fields", "help")  # needs no arguments
    assert listed.status == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == names
    (chosen, *_) = names[::-1]
    rows = [
        json.loads(line)
        for line in ask(reading, leaf, "--fields", chosen, "-o", "ndjson").stdout.splitlines()
    ]
    assert rows
    assert {tuple(row) for row in rows} == {(chosen,)}
    wrong = reading(*words(leaf), "--fields", "no_such_field")
    assert wrong.status == 2
    assert f"fields: {', '.join(names)}" in wrong.stderr
    offered = completed([*leaf.path.split(), "--fields"], f"{names[0]},")
    assert offered == [f"{names[0]},{name}" for name in names[1:]]


def completed(before: Sequence[str], begun: str) -> list[str]:
    complete = ShellComplete(cli, {}, "mhc", "_MHC_COMPLETE")
    return [item.value for item in complete.get_completions(list(before), begun)]


@each_list
def test_a_limit_cuts_rows(reading: MhcHere, leaf: Leaf) -> None:
    every = len(rows_of(ask(reading, leaf, "-L", "0", "-o", "json").json))
    for limit in (1, 2):
        for form in ("json", "ndjson", "tsv"):
            run = ask(reading, leaf, "-L", str(limit), "-o", form)
            found = len(rows_of(run.json)) if form == "json" else run.stdout.count("\n") - (form == "tsv")
            assert found == min(limit, every)
    for wrong in ("-1", "many"):
        assert reading(*words(leaf), "-L", wrong).status == 2


@each_list
def test_a_table_stops_at_fifty_and_says_so(reading: MhcHere, leaf: Leaf) -> None:
    every = len(rows_of(ask(reading, leaf, "-o", "json").json))
    shown = ask(reading, leaf, "--no-headers", "--fields", (leaf.fields or ())[0].name, "-o", "table")
    assert shown.stdout.count("\n") == min(every, 50)
    assert ("; -L 0 for all" in shown.stderr) == (every > 50)


@each_list
def test_each_key_sorts_both_ways_with_the_unknown_last(reading: MhcHere, leaf: Leaf) -> None:
    keys = [key for key in completed([*leaf.path.split(), "--sort"], "") if ":" not in key]
    assert keys
    for key in keys:
        up, down = (sorted_values(reading, leaf, key, order) for order in ("", ":desc"))
        assert [one is None for one in up] == sorted(one is None for one in up), key
        assert [one is None for one in down] == sorted(one is None for one in down), key
        known = [one for one in up if one is not None]
        assert len(down) == len(up)
        assert known == sorted(known), key
        assert [one for one in down if one is not None] == sorted(known, reverse=True), key
    for wrong in ("no_such_key", f"{keys[0]}:up"):
        run = reading(*words(leaf), "--sort", wrong)
        assert run.status == 2
        assert f"KEY one of: {', '.join(keys)}" in run.stderr


def sorted_values(mhc: MhcHere, leaf: Leaf, key: str, order: str) -> list[Any]:
    lines = ask(mhc, leaf, "--sort", f"{key}{order}", "--fields", key, "-o", "ndjson").stdout
    values = [json.loads(line)[key] for line in lines.splitlines()]
    (kind,) = (field.kind for field in leaf.fields or () if field.name == key)
    return [datetime.fromisoformat(one) if one and kind == "time" else one for one in values]


@each_printing
def test_the_zone_moves_the_times_of_a_reader_alone(reading: MhcHere, leaf: Leaf) -> None:
    assert reading(*words(leaf), "--tz", "Nowhere/At_All").status == 2
    times = [field.name for field in leaf.fields or () if field.kind == "time"]
    if not times:
        assert ask(reading, leaf, "--tz", "Asia/Tokyo").status in {0, 4}
        return
    chosen = ("--fields", ",".join(times), "--no-headers")
    there = [
        ask(reading, leaf, *chosen, "-o", "table", "--tz", zone).stdout for zone in ("utc", "Asia/Tokyo")
    ]
    assert (there[0] != there[1]) == any(letter.isdigit() for letter in there[0])
    same = [ask(reading, leaf, *chosen, "-o", "tsv", "--tz", zone).stdout for zone in ("utc", "Asia/Tokyo")]
    assert same[0] == same[1]
    assert "+09:00" not in same[1]
