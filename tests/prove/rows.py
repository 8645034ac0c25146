"""The rows of the fault catalogue that take minutes: the tests with the mark `prove`, which the suite leaves out."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

from prove import place
from prove.result import Result


def run(times: int) -> Result:
    """Run them; `times` 0 for not at all."""
    result = Result("minutes-long rows of the fault catalogue", "both", what="tests")
    if times == 0:
        result.left_out = "not in a quick run"
        return result
    began = time.monotonic()
    with place.folder() as home:
        report = home / "report.xml"
        _pytest(result, home, report)
        for case in ET.parse(report).iter("testcase") if report.exists() else ():
            _count(result, case)
    if result.count == 0 and result.sound:
        result.blame("no test", "has the mark prove")
    result.seconds = time.monotonic() - began
    return result


def _pytest(result: Result, home: Path, report: Path) -> None:
    words = [
        "-q",
        "-m",
        "prove",
        "-p",
        "no:cacheprovider",
        *(
            "-n",
            "3",
            "--dist",
            "worksteal",
        ),  # ten thousand polls mostly wait: a thousand a minute may be asked
        "--basetemp",
        str(home / "t"),
        "--junitxml",
        str(report),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words, "tests"],
        cwd=place.TREE, env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # it ends what its tests have started
            process.communicate()
    if process.returncode != 0:
        result.blame("pytest", said[-3000:])


def _count(result: Result, case: ET.Element) -> None:
    name = case.get("name")
    if case.find("failure") is not None or case.find("error") is not None:
        result.blame("failed", name)
    elif case.find("skipped") is not None:
        result.note += f"left out: {name} "
    else:
        result.count += 1
