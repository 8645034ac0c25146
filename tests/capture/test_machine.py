"""The listener's own code in some hundred random histories; `make prove` plays thousands."""

from prove import machine


def test_no_history_loses_or_doubles_an_event() -> None:
    found = machine.run(200, 20260101)
    assert found.wrong == {}
    assert found.count >= 200
