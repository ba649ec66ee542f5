"""The results as a Markdown table for people and as JSON for programs."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from cases import DUCKDB, KEYFOLD

HEADER = (
    "| Program | min s | median s | max s | CPU s | peak memory | keyfold / this |\n|:--|--:|--:|--:|--:|--:|--:|\n"
)


def markdown(results):
    """One small table per case."""
    return "\n".join(case_table(result) for result in results)


def case_table(result):
    programs = result["programs"]
    runs = len(next(iter(programs.values()))["samples"])
    lines = [f"### {result['title']}\n\n{runs} runs of each program, turn by turn.\n"]
    if result["verified_documents"]:
        lines.append(f"All {result['verified_documents']:,} documents are equal.\n")
    lines.append("\n" + HEADER)
    for program, numbers in programs.items():
        lines.append(
            f"| {program} | {numbers['min_seconds']:.3f} | {numbers['median_seconds']:.3f} | {numbers['max_seconds']:.3f} "
            f"| {numbers['median_cpu_seconds']:.2f} | {numbers['peak_rss_bytes'] / 2**20:.0f} MiB | {ratio(programs, program)} |\n"
        )
    return "".join(lines)


def ratio(programs, program):
    """How long keyfold takes where this program takes 1, by the medians."""
    if KEYFOLD not in programs:
        return ""
    return f"{programs[KEYFOLD]['median_seconds'] / programs[program]['median_seconds']:.2f}"


def save(path, results, args):
    """Writes the results with what is needed to judge them: the machine, its load, the versions."""
    for result in results:
        programs = result["programs"]
        if KEYFOLD in programs and DUCKDB in programs:
            medians = [programs[program]["median_seconds"] for program in (KEYFOLD, DUCKDB)]
            result["keyfold_to_duckdb"] = medians[0] / medians[1]
    found = {"duckdb": metadata.version("duckdb"), "threads": args.threads, "cases": results}
    write(path, args.scratch, args.binary, found)


def write(path, folder, binary, found):
    """What was found, with the time, the machine (and the file system of a folder) and the version of keyfold."""
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(folder),
        "keyfold": keyfold_version(binary),
        **found,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def machine(scratch):
    cpu = next(
        (line.split(":", 1)[1].strip() for line in read("/proc/cpuinfo").splitlines() if line.startswith("model name")),
        "",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu or platform.processor(),
        "cores": os.cpu_count(),
        "memory_bytes": memory,
        "kernel": platform.release(),
        "filesystem": filesystem(scratch),
        "load_average_at_end": os.getloadavg(),
    }


def filesystem(folder):
    """The kind of file system the documents were written to: files cost very different times on disks and in memory."""
    while not folder.exists():
        folder = folder.parent
    found = subprocess.run(
        ["stat", "--file-system", "--format=%T", folder], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def keyfold_version(binary):
    if binary is None:
        return None
    return subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout.strip()


def read(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""
