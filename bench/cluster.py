"""Measures keyfold on a cluster of this machine's own: against itself without a cluster, against PySpark, one executor
against two, the sample job, and the memory of every process with many keys."""

import argparse
import contextlib
import filecmp
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cluster_report
import measure
from bench import data_arguments, generated, release_build
from cases import CASES, KEYFOLD, ROOT, keyfold_command
from cluster_servers import Keyfold, ServerFailed, Spark

WEEKLY, SAMPLE = (next(case for case in CASES if case.name == name) for name in ("weekly-parquet", "sample"))
WEEKLY_NDJSON = replace(WEEKLY, layout="ndjson")
KEYS_JOB = ROOT / "bench/cluster_keys"

LOCAL = "keyfold"
CLUSTER = "keyfold-cluster"
ONE_EXECUTOR = "keyfold-one-executor"
SPARK_WAYS = {"lists": "spark-lists", "pivot": "spark-pivot", "pandas": "spark-pandas"}
# Runs in one Spark application: the first, with the application's start, is what its user waits for; the best of the
# others is Spark at its best.
SPARK_RUNS = 4


class TooLong(Exception):
    """Something took longer than --timeout."""


def arguments():
    parser = argparse.ArgumentParser(prog="bench/cluster.sh", description=__doc__)
    data_arguments(parser)
    parser.add_argument("--binary", type=Path, help="the keyfold to measure (default: a release build)")
    parser.add_argument(
        "--scaling-rows", type=int, default=100_000_000, help="the same for `scaling` (default: 100000000)"
    )
    parser.add_argument("--keys", type=int, default=1_000_000, help="documents of `keys` (default: 1000000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each contender (default: 5)")
    parser.add_argument("--sample-runs", type=int, default=20, help="the same for `sample` (default: 20)")
    parser.add_argument("--measure", action="append", choices=MEASUREMENTS, help="only this; may be repeated")
    parser.add_argument("--memory-gib", type=int, default=4, help="memory of each executor and worker (default: 4)")
    parser.add_argument("--timeout", type=int, default=900, help="seconds after which a run is ended (default: 900)")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    args = parser.parse_args()
    args.data = args.data.resolve()
    args.scratch = (args.scratch or args.data / "scratch-cluster").resolve()
    args.threads = 2
    return args


def main():
    args = arguments()
    args.binary = (args.binary or release_build("keyfold")).resolve()
    results = []
    for name, run in MEASUREMENTS.items():
        if args.measure and name not in args.measure:
            continue
        shutil.rmtree(args.scratch, ignore_errors=True)
        args.scratch.mkdir(parents=True)
        sys.stderr.write(f"{name}\n")
        try:
            before = os.getloadavg()
            results.append({"measurement": name, "load_average_before": before, **run(args)})
        finally:
            shutil.rmtree(args.scratch, ignore_errors=True)
        sys.stdout.write(cluster_report.markdown(results[-1]) + "\n")
        sys.stdout.flush()
        if args.json:
            # After each: a later one that fails takes nothing away.
            cluster_report.save(args.json, results, args)


def overhead(args):
    """Two executors of one task each against one process with two threads."""
    data = generated(args, args.rows, "parquet")
    with keyfold_cluster(args, data) as cluster:
        command = case_command(args, WEEKLY, data)
        contenders = {LOCAL: Local(args, command), CLUSTER: OnCluster(args, command, cluster)}
        taken, documents = turns(args, contenders, args.runs)
    return {
        "title": f"{WEEKLY.heading(args.rows)}: the cost of a cluster",
        "question": ratio(taken, CLUSTER, LOCAL, "the cluster takes {:.2f} times as long", at_most=1.25),
        "verified_documents": documents,
        "contenders": taken,
    }


def scaling(args):
    """One executor against two, each on a core of its own."""
    data = generated(args, args.scaling_rows, "parquet")
    cores = [str(core) for core in sorted(os.sched_getaffinity(0))[:2]]
    if len(cores) < 2:
        raise ServerFailed("this machine has one core: two executors cannot be faster than one")
    with contextlib.ExitStack() as stack:
        # Both clusters stand all the time: one that has nothing to do takes nothing.
        one = stack.enter_context(keyfold_cluster(args, data, executors=1, cores=cores, name="one"))
        two = stack.enter_context(keyfold_cluster(args, data, executors=2, cores=cores, name="two"))
        command = case_command(args, WEEKLY, data)
        contenders = {ONE_EXECUTOR: OnCluster(args, command, one), CLUSTER: OnCluster(args, command, two)}
        taken, documents = turns(args, contenders, args.runs)
    return {
        "title": f"{WEEKLY.heading(args.scaling_rows)}: from one executor to two, pinned to a core each",
        "question": ratio(taken, ONE_EXECUTOR, CLUSTER, "two executors are {:.2f} times as fast", at_least=1.7),
        "verified_documents": documents,
        "contenders": taken,
    }


def sample(args):
    """The sample job on a cluster that is running."""
    command = case_command(args, SAMPLE, None)
    with keyfold_cluster(args, ROOT / "sql") as cluster:
        contenders = {LOCAL: Local(args, command), CLUSTER: OnCluster(args, command, cluster)}
        taken, documents = turns(args, contenders, args.sample_runs)
    seconds = taken[CLUSTER]["median_seconds"]
    return {
        "title": "the sample job on a running cluster",
        "question": answer(seconds, "it takes {:.3f} s", at_most=1.0),
        "verified_documents": documents,
        "contenders": taken,
    }


def keys(args):
    """Many keys: the peak of memory of every process. Each run has its own cluster, so that peaks are of one run."""
    data = generated(args, args.rows, "parquet")
    command = keys_command(args, data)
    expected = args.scratch / "local"
    taken = {LOCAL: [Local(args, command).run(expected)], CLUSTER: []}
    peaks, documents = {}, None
    for run in range(args.runs):
        with keyfold_cluster(args, data, name=f"cluster-{run}") as cluster:
            output = args.scratch / f"run-{run}"
            sample = OnCluster(args, command, cluster).run(output)
            progress(CLUSTER, run, args.runs, sample)
            found = {"client": sample.peak_rss_bytes, **cluster.peaks()}
        taken[CLUSTER].append(sample)
        peaks = {name: max(peak, peaks.get(name, 0)) for name, peak in found.items()}
        documents = same_files(expected, output)
        shutil.rmtree(output)
    return {
        "title": f"{args.rows:,} sales, Parquet, to {documents:,} documents as NDJSON: peak memory of each process, "
        f"--memory-limit {args.memory_gib}GiB",
        "verified_documents": documents,
        "contenders": {name: measure.summary(samples) for name, samples in taken.items()},
        "peak_rss_bytes": {f"{LOCAL} with {args.threads} threads": taken[LOCAL][0].peak_rss_bytes, **peaks},
    }


def spark(args):
    """The same job by PySpark on a standalone cluster of a master and two workers of one core each."""
    data = generated(args, args.rows, "parquet")
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(keyfold_cluster(args, data))
        memory = f"{args.memory_gib}g"
        workers = stack.enter_context(Spark(sys.executable, args.scratch / "spark", 2, memory))
        contenders = {CLUSTER: OnCluster(args, case_command(args, WEEKLY_NDJSON, data), cluster)}
        contenders |= {name: SparkApplication(args, way, data, workers) for way, name in SPARK_WAYS.items()}
        taken, documents = turns(args, contenders, args.runs, warm_up=False)
    warm = {name: contenders[name].warm for name in SPARK_WAYS.values()}
    for name, seconds in warm.items():
        taken[f"{name}-warm"] = measure.summary([measure.Sample(each, 0.0, 0) for each in seconds])
    cold, best = (fastest(taken, names) for names in (SPARK_WAYS.values(), [f"{name}-warm" for name in warm]))
    beside = f", {ratio_of(taken, best, CLUSTER):.1f} times as fast as {best}"
    return {
        "title": f"{args.rows:,} sales, Parquet, to documents per product group, channel and year as NDJSON: PySpark",
        "question": ratio(taken, cold, CLUSTER, f"keyfold is {{:.1f}} times as fast as {cold}{beside}"),
        "verified_documents": documents,
        "contenders": taken,
    }


MEASUREMENTS = {"overhead": overhead, "scaling": scaling, "sample": sample, "keys": keys, "spark": spark}


def case_command(args, case, data):
    """How keyfold is called for a case, once it is known where to."""
    return lambda output: keyfold_command(args.binary, KEYFOLD, case, case.tables(data), output)


def keys_command(args, data):
    command = [str(args.binary), "run", str(KEYS_JOB), "--quiet", "--param", f"keys={args.keys}"]
    for table, file in (("sales", "sales.parquet"), ("calendar", "calendar.csv")):
        command += ["--set", f"tables.{table}.path={data / file}"]
    return lambda output: [*command, "--output", str(output)]


def keyfold_cluster(args, data, executors=2, cores=None, name="cluster"):
    allow = [data, args.scratch]
    return Keyfold(args.binary, args.scratch / name, allow, executors, f"{args.memory_gib}GiB", cores)


class Local:
    """`keyfold run` in one process."""

    def __init__(self, args, command):
        self.args, self.command = args, command

    def run(self, output):
        with within(self.args.timeout):
            return measure.run([*self.command(output), "--threads", str(self.args.threads)])

    def documents(self, output):
        return output / "current"

    def phases(self, output):
        report = json.loads((output / "current/run.json").read_text())
        return {phase["name"]: phase["seconds"] for phase in report["phases"]}


class OnCluster(Local):
    """The same on a cluster; the processor time is that of client and servers."""

    def __init__(self, args, command, cluster):
        super().__init__(args, command)
        self.cluster = cluster

    def run(self, output):
        before = self.cluster.cpu_seconds()
        with within(self.args.timeout):
            client = measure.run([*self.command(output), "--cluster", self.cluster.address])
        cpu = client.cpu_seconds + self.cluster.cpu_seconds() - before
        return replace(client, cpu_seconds=cpu)


class SparkApplication:
    """One application after another on a cluster that is running."""

    def __init__(self, args, way, data, cluster):
        self.args, self.way, self.data, self.cluster = args, way, data, cluster
        self.warm = []

    def run(self, output):
        """Gives the first run with the start of the application; keeps the best of the others."""
        output.mkdir(parents=True)
        times = output / "times"
        command = [sys.executable, str(ROOT / "bench/spark_peer.py"), "--master", self.cluster.address]
        command += ["--data", str(self.data), "--output", str(output), "--times", str(times), "--way", self.way]
        # A worker's memory is that of the heap of the executor that it starts.
        command += ["--runs", str(SPARK_RUNS), "--memory", self.cluster.memory]
        begin = time.time()
        with within(self.args.timeout):
            sample = measure.run(command, self.cluster.environment)
        first, *others = json.loads(times.read_text())
        self.warm.append(min(end - begin for begin, end in others))
        # The driver's Python alone is not what Spark has used, so no processor time is given.
        return replace(sample, seconds=first[1] - begin, cpu_seconds=0.0)

    def documents(self, output):
        """The first run's parts under names that tell what they are."""
        folder = output / "documents"
        folder.mkdir()
        for part in (output / "0").glob("part-*"):
            (folder / f"{part.stem}.ndjson").symlink_to(part)
        return folder

    def phases(self, _):
        return {}


def turns(args, contenders, runs, warm_up=True):
    """All contenders one after the other, again and again, so that a slow minute hits all of them. Their first
    documents are compared with each other; where that run only warms up, it is not counted."""
    samples = {name: [] for name in contenders}
    phases = {name: [] for name in contenders}
    documents = None
    for run in range(-1 if warm_up else 0, runs):
        for name, contender in contenders.items():
            output = args.scratch / f"{name}-{run}"
            taken = contender.run(output)
            if run < 0:
                continue
            samples[name].append(taken)
            phases[name].append(contender.phases(output))
            progress(name, run, runs, taken)
        if documents is None:
            documents = verify(args, contenders, run)
    summaries = {name: measure.summary(taken) for name, taken in samples.items()}
    for name, found in phases.items():
        steps = {step: statistics.median(phase[step] for phase in found) for step in found[0]}
        summaries[name]["median_phase_seconds"] = steps
    return summaries, documents


def verify(args, contenders, run):
    """keyfold's documents must be the same bytes wherever they were made, another program's the same values."""
    (first, contender), *others = contenders.items()
    expected = contender.documents(args.scratch / f"{first}-{run}")
    documents = None
    for name, contender in others:
        found = contender.documents(args.scratch / f"{name}-{run}")
        if isinstance(contender, Local):
            documents = same_files(expected.parent, found.parent)
        else:
            command = [sys.executable, str(ROOT / "bench/verify.py"), str(expected), str(found), "--ndjson"]
            said = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, timeout=args.timeout, env=os.environ
            ).stdout
            documents = int(said.split()[0])
        sys.stderr.write(f"{name}: {documents:,} documents are equal to those of {first}\n")
    return documents


def same_files(left, right):
    """The number of documents of two outputs of keyfold, when all files are the same bytes."""
    reports = [json.loads((output / "current/run.json").read_text()) for output in (left, right)]
    names = [
        {path.name for path in (output / "current/").iterdir()} - {"run.json", "current.json", "manifest"}
        for output in (left, right)
    ]
    differ = names[0] ^ names[1]
    if not differ:
        filecmp.clear_cache()
        _, different, unread = filecmp.cmpfiles(left / "current", right / "current", names[0], shallow=False)
        differ = {*different, *unread}
    if differ or not names[0] or reports[0]["documents"] != reports[1]["documents"]:
        raise ServerFailed(f"{len(differ)} files differ between {left} and {right}: {sorted(differ)[:5]}")
    return reports[0]["documents"]


@contextlib.contextmanager
def within(seconds):
    """Ends what is under way after so many seconds; the process that was waited for is killed with it."""

    def end(*_):
        raise TooLong(f"a run took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def ratio(taken, slower, faster, words, at_most=None, at_least=None):
    """How many times the median of one contender is that of the other."""
    return answer(ratio_of(taken, slower, faster), words, at_most, at_least)


def ratio_of(taken, slower, faster):
    return taken[slower]["median_seconds"] / taken[faster]["median_seconds"]


def fastest(taken, names):
    return min(names, key=lambda name: taken[name]["median_seconds"])


def answer(value, words, at_most=None, at_least=None):
    """A number in words, and whether it is what is aimed at."""
    reached = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
    aim = f"at most {at_most}" if at_most else f"at least {at_least}" if at_least else None
    return {"value": value, "text": words.format(value), "aim": aim, "reached": reached if aim else None}


def progress(contender, run, runs, sample):
    sys.stderr.write(f"{contender} {run + 1}/{runs}: {sample.seconds:.3f} s\n")


if __name__ == "__main__":
    # Ended from outside, it still stops its servers and removes what it wrote.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        main()
    except (measure.RunFailed, ServerFailed, TooLong, subprocess.SubprocessError) as error:
        sys.exit(f"error: {error}")
