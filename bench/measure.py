"""Runs a whole process and says what it took."""

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Sample:
    """One run of one program."""

    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int


class RunFailed(Exception):
    """A program ended with an error; the message has what it said."""


def run(command, environment=None):
    """Runs the command to its end. The peak is the child's own: `wait4` reports it for this child alone.

    Linux counts the memory of the parent at the moment of the fork as the child's, so the measuring process stays
    small: it imports neither DuckDB nor any document.
    """
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, **(environment or {})},
        )
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
            raise RunFailed(f"{' '.join(command)}\nended with {child.returncode}: {said}")
    return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def summary(samples):
    """Least, median and greatest time, and the greatest peak."""
    seconds = [sample.seconds for sample in samples]
    return {
        "min_seconds": min(seconds),
        "median_seconds": statistics.median(seconds),
        "max_seconds": max(seconds),
        "median_cpu_seconds": statistics.median(sample.cpu_seconds for sample in samples),
        "peak_rss_bytes": max(sample.peak_rss_bytes for sample in samples),
        "samples": [asdict(sample) for sample in samples],
    }
