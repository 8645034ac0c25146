"""What is packed comes back byte for byte, in this version and in every later one."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain import packing
from mhc.domain.packing import pack, pack_text, unpack

SAMPLES = sorted((Path(__file__).parent.parent / "payloads" / "events").glob("*.json"))
TIP = (
    b'{"method":"tip","object":{"broadcaster":"example_room","tip":{"isAnon":false,"message":"","tokens":25},'
    b'"user":{"username":"viewer_one"}},"id":"1767225675500-0"}'
)
# TIP as the first version packed it, with its dictionary 1: databases hold such bytes.
PACKED_TIP = bytes.fromhex(
    "01233a27a75624e616e4a4c6830a53cc5c4d741ec50c21900b9102c9ccdcc8c8d4ccdcd4d4c040d740a91600"
)


@given(st.binary(max_size=5000))
def test_any_bytes_come_back(raw: bytes) -> None:
    assert unpack(pack(raw)) == raw


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_comes_back(path: Path) -> None:
    raw = path.read_bytes()
    assert unpack(pack(raw)) == raw


def test_what_the_first_version_packed_is_still_read() -> None:
    assert unpack(PACKED_TIP) == TIP


def test_the_first_dictionary_never_changes() -> None:
    assert sha256(packing._DICTIONARY_1).hexdigest() == (
        "9e885de1539b25ff2d9ec92aec8414d4cf829feb5bf7f1df4d98a87aac922d30"
    )


def test_an_event_takes_a_quarter_of_its_size() -> None:
    event = json.loads((SAMPLES[0].parent / "tip.json").read_text())
    raw = json.dumps(event, separators=(",", ":")).encode()
    assert len(pack(raw)) * 4 <= len(raw)


def test_what_does_not_shrink_costs_one_byte() -> None:
    raw = bytes(range(256))
    assert len(pack(raw)) == 257


def test_a_page_of_8_mib_comes_back() -> None:
    raw = b'{"message":"' + b"x" * (8 * 1024 * 1024) + b'"}'
    assert unpack(pack(raw)) == raw


def test_a_long_answer_comes_back_packed() -> None:
    raw = b'{"data":[' + b'{"name":"viewer_one","did":900001},' * 50 + b"null]}"
    assert unpack(pack_text(raw)) == raw
    assert len(pack_text(raw)) < 100
    assert unpack(pack_text(b"{}")) == b"{}"


def test_a_dictionary_of_a_later_version_is_named() -> None:
    with pytest.raises(ValueError, match="dictionary 03"):
        unpack(b"\x03abc")


@pytest.mark.parametrize("damaged", [b"", PACKED_TIP[:-1], PACKED_TIP[:20], PACKED_TIP[:1] + b"\xff" * 30])
def test_damage_is_an_error_and_not_half_an_event(damaged: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(damaged)
