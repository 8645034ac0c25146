"""A report as one web page of its own: dark, for any width, for paper too. Nothing is loaded, and nothing runs.

All that came from outside passes the encoder, and then HTML's own escapes; the content policy allows this one style
sheet, by its hash, and nothing else.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from html import escape
from typing import NamedTuple

from mhc.cli.render import Field, Row, shown_of
from mhc.cli.table import Layout, is_right
from mhc.cli.terminal import Screen
from mhc.domain.text import encode

_STYLE = """
:root{color-scheme:dark;--back:#14161b;--front:#e8e6e3;--faint:#9aa0ab;--line:#2b2f38;--hot:#f2a65a}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.2rem;background:var(--back);color:var(--front);
font:16px/1.5 system-ui,sans-serif}
h1{margin:0 0 .4rem;font-size:1.5rem}h2{margin:1.2rem 0 .3rem;font-size:1.1rem}
ul{margin:0;padding:0 0 0 1.2rem}li{overflow-wrap:anywhere}
dl{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;margin:0 0 1.2rem;color:var(--faint)}
dl div{min-width:0;overflow-wrap:anywhere}dt,dd{display:inline;margin:0}dt::after{content:": "}dd{color:var(--front)}
figure{margin:0 0 1.2rem;max-width:48rem}figcaption{margin:0 0 .3rem;color:var(--faint)}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--faint);font-family:system-ui,sans-serif}svg rect{fill:var(--hot)}svg .in{fill:var(--front)}
table{width:100%;border-collapse:collapse}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;
overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
th{color:var(--faint);font-weight:600;overflow-wrap:normal}.n{text-align:right;overflow-wrap:normal}
td:first-child{overflow-wrap:break-word}.t,td.n{white-space:nowrap}.wide{overflow-x:auto}
.none{color:var(--faint)}
svg polyline{fill:none;stroke:var(--hot);stroke-width:2}svg circle{fill:var(--hot)}
@media screen and (max-width:45rem){thead{display:none}table,tbody,tr{display:block}tr{padding:.5rem 0;border-bottom:1px solid var(--line)}
td,td.n{display:flex;justify-content:space-between;gap:1rem;padding:.1rem 0;border:0;text-align:right}
td bdi{min-width:0;overflow-wrap:anywhere}
td::before{content:attr(data-name);flex:none;color:var(--faint);text-align:left}}
@media print{:root{color-scheme:light;--back:#fff;--front:#000;--faint:#444;--line:#bbb;--hot:#b5651d}
body{max-width:none;padding:0;font-size:12px}figure{max-width:32rem}figure,tr{break-inside:avoid}
.wide{overflow-x:visible}th,td{padding:.2rem .4rem}td:first-child{overflow-wrap:anywhere}thead{display:table-header-group}}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
_DAY_OR_TIME = frozenset({len("2026-01-01"), len("2026-01-01 19:00")})
_SCREEN = Screen(is_terminal=False, columns=10_000, encoding="utf-8", color=False)


class Picture(NamedTuple):
    """A drawing: its markup, made of numbers and of text that was escaped, and what it shows, in words that stand above it."""

    width: int
    height: int
    shapes: str
    alt: str


class Part(NamedTuple):
    """A heading of our own, and lines below it: markup, of which all that came from outside was made inert."""

    title: str
    lines: Sequence[str]


class Page(NamedTuple):
    """What a page says: its title, what the figures are about, the pictures, and the table, or parts in its place."""

    title: str
    about: Sequence[tuple[str, str]]
    pictures: Sequence[Picture]
    fields: Sequence[Field]
    rows: Sequence[Row]
    nothing: str
    parts: Sequence[Part] = ()


def html(page: Page, tz: tzinfo) -> str:
    """Give the whole document."""
    return "".join(_parts(page, tz))


def text(value: str) -> str:
    """Make text from anywhere inert in HTML, in an element or a quoted attribute; its direction ends with it."""
    return escape(encode(value, limit=None), quote=True)


def _parts(page: Page, tz: tzinfo) -> Iterator[str]:
    title = text(page.title)
    yield f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<dl>\n"
    for name, value in page.about:
        yield f"<div><dt>{text(name)}</dt><dd><bdi>{text(value)}</bdi></dd></div>\n"
    yield "</dl>\n"
    for one in page.pictures:
        said = text(one.alt)
        yield f'<figure><figcaption aria-hidden="true">{said}</figcaption>'
        yield f'<svg viewBox="0 0 {one.width} {one.height}" role="img" aria-label="{said}">{one.shapes}</svg></figure>\n'
    for part in page.parts:
        lines = "".join(f"<li>{line}</li>\n" for line in part.lines)
        yield f"<h2>{text(part.title)}</h2>\n<ul>\n{lines}</ul>\n"
    if page.rows:
        yield from _table(page, tz)
    elif not page.parts:
        yield f'<p class="none">{text(page.nothing)}</p>\n'
    yield "</body>\n</html>\n"


def _table(page: Page, tz: tzinfo) -> Iterator[str]:
    layout = Layout(_SCREEN, tz)
    rows = [list(_shown(page.fields, row, layout)) for row in page.rows]
    columns = zip(page.fields, zip(*rows, strict=True), strict=True)
    classes = [' class="n"' if is_right(field, cells) else "" for field, cells in columns]
    names = [text(field.heading.lower()) for field in page.fields]
    heads = "".join(f'<th scope="col"{kind}>{name}</th>' for kind, name in zip(classes, names, strict=True))
    yield f'<div class="wide">\n<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n'
    for row in rows:
        cells = (
            f'<td{kind or _of_time(shown)} data-name="{name}"><bdi>{text(shown)}</bdi></td>'
            for kind, name, shown in zip(classes, names, row, strict=True)
        )
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</tbody>\n</table>\n</div>\n"


def _shown(fields: Sequence[Field], row: Row, layout: Layout) -> Iterator[str]:
    return (layout.show(field, shown_of(row, field)) for field in fields)


def _of_time(shown: str) -> str:
    """Give what keeps a day or a time on one line, whatever the field is."""
    is_day = len(shown) in _DAY_OR_TIME and shown[:4].isdecimal() and shown[4] == shown[7] == "-"
    return ' class="t"' if is_day else ""


def when(start: datetime | None, end: datetime | None, tz: tzinfo, *, to_come: bool = False) -> str:
    """Write a half-open range for a reader, in the display zone; one `to_come` does not end now."""
    layout, at = Layout(_SCREEN, tz), Field("at", "time")
    begin = "the beginning" if start is None else layout.show(at, start)
    if end is None and to_come:
        return f"{begin} on"
    return f"{begin} to {'now' if end is None else layout.show(at, end)}"
