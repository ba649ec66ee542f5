"""Measures keyfold against DuckDB: the same files, the same documents, whole processes, turn by turn."""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import measure
import report
from cases import (
    CASES,
    KEYFOLD,
    KEYFOLD_BASELINE,
    KEYFOLD_TUNED,
    KEYFOLDS,
    PROGRAMS,
    ROOT,
    duckdb_command,
    keyfold_command,
)

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keyfold"
SAMPLE_RUNS = 4


def data_arguments(parser):
    """What every benchmark needs to have data and a place to write to."""
    parser.add_argument("--rows", type=int, default=10_000_000, help="sales in the generated data (default: 10000000)")
    parser.add_argument(
        "--data", type=Path, default=CACHE / "bench", help="where generated data is kept (default: %(default)s)"
    )
    parser.add_argument(
        "--datagen", type=Path, help="the generator (default: a release build, made only if data is missing)"
    )
    parser.add_argument(
        "--scratch", type=Path, help="where documents are written (default: in the data folder); removed at the end"
    )


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh", description=__doc__)
    data_arguments(parser)
    parser.add_argument("--binary", type=Path, help="the keyfold to measure (default: a release build)")
    parser.add_argument("--baseline", type=Path, help="another keyfold to measure in the same turns")
    parser.add_argument("--runs", type=int, default=5, help="runs of each program in each case (default: 5)")
    parser.add_argument(
        "--case", action="append", choices=[case.name for case in CASES], help="only this case; may be repeated"
    )
    parser.add_argument("--program", action="append", choices=PROGRAMS, help="only this program; may be repeated")
    parser.add_argument("--threads", type=int, default=2, help="threads of each program (default: 2)")
    parser.add_argument("--verify", action="store_true", help="hold all documents of the programs against each other")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    args = parser.parse_args()
    args.scratch = args.scratch or args.data / "scratch"
    return args


def main():
    args = arguments()
    cases = [case for case in CASES if not args.case or case.name in args.case]
    if not args.program or {KEYFOLD, KEYFOLD_TUNED} & set(args.program):
        args.binary = args.binary or release_build("keyfold")
    results = []
    for case in cases:
        data = None if case.sample else generated(args, args.rows * case.rows_factor, case.format)
        results.append(run_case(args, case, data))
    tables = report.markdown(results)
    sys.stdout.write(tables)
    if args.json:
        report.save(args.json, results, args)


def run_case(args, case, data):
    """Every program once to warm up and to verify, then turn by turn, so that a slow minute hits all of them."""
    programs = [program for program in case.programs if not args.program or program in args.program]
    programs += [KEYFOLD_BASELINE] if args.baseline else []
    runs = max(args.runs, SAMPLE_RUNS) * case.runs_factor if case.sample else args.runs
    scratch = args.scratch / case.name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        for program in programs:
            run_once(args, case, data, program, scratch / f"{program}-warm-up")
        verified = verify(case, programs, scratch) if args.verify else None
        samples = {program: [] for program in programs}
        for run in range(runs):
            for program in programs:
                # A folder of its own for each run: deleting many files keeps a disk busy for long after the deletion.
                samples[program].append(run_once(args, case, data, program, scratch / f"{program}-{run}"))
                progress(case, program, run, runs, samples[program][-1])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        with contextlib.suppress(OSError):
            args.scratch.rmdir()
    summaries = {program: measure.summary(taken) for program, taken in samples.items()}
    return {"case": case.name, "title": case.heading(args.rows), "verified_documents": verified, "programs": summaries}


def run_once(args, case, data, program, output):
    tables = case.tables(data)
    if program in KEYFOLDS:
        binary = args.baseline if program == KEYFOLD_BASELINE else args.binary
        command = keyfold_command(binary, program, case, tables, output)
        return measure.run(command, {"KEYFOLD__THREADS": str(args.threads)})
    return measure.run(duckdb_command(sys.executable, program, case, tables, output, args.threads))


def verify(case, programs, scratch):
    """Compares every program's documents with the first one's, in a process of its own: see `measure.run`."""
    folders = [
        scratch / f"{program}-warm-up" / ("current" if program in KEYFOLDS else "")
        for program in programs
    ]
    if case.layout == "ndjson":
        folders = [folder if program in KEYFOLDS else folder / "documents" for folder, program in zip(folders, programs)]
    said = None
    for other in folders[1:]:
        command = [sys.executable, str(ROOT / "bench/verify.py"), str(folders[0]), str(other)]
        command += ["--ndjson"] if case.layout == "ndjson" else []
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        sys.stderr.write(f"{case.name}: {said}")
    return int(said.split()[0]) if said else None


def generated(args, rows, file_format):
    """The folder with this many sales in this format, made if it is not there."""
    folder = args.data / str(rows)
    if not (folder / f"sales.{file_format}").exists():
        datagen = args.datagen or release_build("keyfold-datagen")
        subprocess.run([datagen, "--rows", str(rows), "--format", file_format, "--output", folder], check=True)
    return folder


def release_build(package):
    """Builds a package as it is shipped and gives the path of its program."""
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", package], cwd=ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR") or ROOT / "target"
    return Path(target) / "release" / package


def progress(case, program, run, runs, sample):
    sys.stderr.write(f"{case.name}: {program} {run + 1}/{runs}: {sample.seconds:.3f} s\n")


if __name__ == "__main__":
    # Ended from outside, it still removes what it wrote: hundreds of thousands of files otherwise stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except (measure.RunFailed, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")
