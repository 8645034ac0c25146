"""How the runs of jobs went as text files for node-exporter, one a job. A disk that fails hurts nothing."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from mhc.store import files
from mhc.store.runs import GOOD

if TYPE_CHECKING:
    from mhc.jobs.running import Outcome

log = logging.getLogger("mhc.jobs")

_GOOD = "mhc_job_last_success_timestamp_seconds"
_HELP = {
    "mhc_job_last_run_timestamp_seconds": "When the job last began to run.",
    _GOOD: "When it last went well.",
    "mhc_job_duration_seconds": "How long the last run took.",
    "mhc_job_exit_code": "Its exit status.",
    "mhc_job_count": "What it did, by what is counted.",
}


def write(folder: Path | None, outcome: "Outcome") -> None:
    """Write the file of a job. When it last went well stays there through the runs that did not."""
    if folder is None:
        return
    path = folder / f"mhc_job_{outcome.job}.prom"
    try:
        files.replace(path, _text(outcome, _last_success(path)))
    except OSError as error:
        log.warning("no metrics written to %s: %s", folder, error.strerror)


def _last_success(path: Path) -> str | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((line.rpartition(" ")[2] for line in lines if line.startswith(f"{_GOOD}{{")), None)


def _text(outcome: "Outcome", last_success: str | None) -> str:
    ended = f"{outcome.ended_at.timestamp():.3f}"
    here = f'job="{outcome.job}"'
    good = ended if outcome.state in GOOD else last_success
    samples = {
        "mhc_job_last_run_timestamp_seconds": [(here, f"{outcome.started_at.timestamp():.3f}")],
        _GOOD: [(here, good)] if good else [],
        "mhc_job_duration_seconds": [
            (here, f"{(outcome.ended_at - outcome.started_at).total_seconds():.3f}")
        ],
        "mhc_job_exit_code": [(here, str(int(outcome.status)))],
        "mhc_job_count": [
            (f'{here},what="{key}"', str(outcome.counts[key])) for key in sorted(outcome.counts)
        ],
    }
    text = ""
    for name, lines in samples.items():
        if lines:
            text += f"# HELP {name} {_HELP[name]}\n# TYPE {name} gauge\n"
            text += "".join(f"{name}{{{labels}}} {value}\n" for labels, value in lines)
    return text
