"""Foreign text in Markdown: it reads as it stands, wherever it is put."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from faults import corpus
from mhc.domain.markdown import escape
from mhc.domain.text import encode

MORE = {
    "emphasis": "**x** _y_ ~~z~~ ==m==",
    "link": "[a](http://evil.example.net)",
    "reference": "[a][b]",
    "image": "![a](http://evil.example.net/x.png)",
    "HTML": '<img src=x onerror="alert(1)">',
    "automatic link": "<http://evil.example.net>",
    "cells": "a | b || c",
    "code": "`rm` ``x``",
    "fence": "```\nrm\n```",
    "lines": "one\n\n# two\n- three\r\n> four",
    "heading": "# a",
    "underline": "a\n===",
    "list": "- a",
    "plus": "+ a",
    "number": "1. a",
    "number with a bracket": "12) a",
    "quote": "> a",
    "entity": "&lt;script&gt; &#64;",
    "rule": "* * *",
    "dashes": "---",
    "blanks": "     code",
    "backslash": "a\\",
    "break": "a  \nb",
    "mathematics": "$x$ %%y%%",
    "name": "@somebody #tag www.example.net",
    "long": "*" * 5000,
}
PLACES = ("# {}", "- {}", "- **{}**: 12", "- Subject: {}", "- {}, {}", "| 1 | {} |")
PLAIN = {
    "heading_open", "heading_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
    "paragraph_open", "paragraph_close", "inline", "table_open", "table_close", "thead_open", "thead_close", "tbody_open",
    "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close",
}  # fmt: skip


def read(text: str) -> list[Token]:
    """Read Markdown; it must have no part but headings, lists, tables and text."""
    found = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    assert {one.type for one in found} <= PLAIN, {one.type for one in found} - PLAIN
    for one in found:
        inside = {child.type for child in one.children or ()}
        assert inside <= {"text", "text_special", "strong_open", "strong_close"}, inside
    return found


def said(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


@pytest.mark.parametrize("text", [*corpus.TEXTS.values(), *MORE.values()])
def test_a_text_reads_as_it_stands(text: str) -> None:
    shown = encode(" ".join(text.split()))
    for place in PLACES:
        page = place.format(escape(text), escape(text))
        if place.startswith("|"):
            page = f"| # | Who |\n| ---: | :--- |\n{page}"
        inside = [said(token) for token in read(page) if token.type == "inline"]
        wanted = place.strip("#-| ").replace("**", "").removeprefix("1 | ").format(shown, shown)
        assert inside[-1].rstrip() == wanted.rstrip()


@settings(deadline=None)
@given(text=st.text(st.sampled_from("*_`[]()<>#!|~&\\-+=1.) ab:/\n@w"), max_size=12))
def test_any_signs_read_as_they_stand(text: str) -> None:
    for place in ("- {}", "- **a {} b**: 1"):
        (inside,) = [said(token) for token in read(place.format(escape(text))) if token.type == "inline"] or [
            ""
        ]
        assert inside == place.strip("- ").replace("**", "").format(" ".join(text.split())).strip()
