#!/usr/bin/env python3
"""Measures the image and the compose cluster: the image's size, the time to build it, the time from nothing to a
cluster that takes runs, and 10 million sales on it against the same program as processes of this machine."""

import argparse
import os
import shutil
import subprocess
import sys
import time

import cluster_report
import measure
from bench import data_arguments, generated
from cases import ROOT
from cluster import CLUSTER, WEEKLY, OnCluster, TooLong, case_command, keyfold_cluster, ratio, turns, within
from cluster_servers import ServerFailed
from compose_cluster import Compose, docker

CONTAINERS = "keyfold-containers"
SUBMIT = "docker compose run submit"


def arguments():
    parser = argparse.ArgumentParser(prog="bench/containers.py", description=__doc__)
    data_arguments(parser)
    parser.add_argument("--runs", type=int, default=5, help="runs of each contender (default: 5)")
    parser.add_argument("--measure", action="append", choices=MEASUREMENTS, help="only this; may be repeated")
    parser.add_argument("--tag", default="0.1.0", help="the tag of the image `keyfold` (default: %(default)s)")
    parser.add_argument("--memory-gib", type=int, default=2, help="memory_limit of each executor (default: 2)")
    parser.add_argument("--timeout", type=int, default=900, help="seconds after which a run is ended (default: 900)")
    args = parser.parse_args()
    args.data = args.data.resolve()
    args.scratch = (args.scratch or args.data / "scratch-containers").resolve()
    args.threads = 2
    return args


def main():
    args = arguments()
    for name in args.measure or [name for name in MEASUREMENTS if name != "build"]:
        shutil.rmtree(args.scratch, ignore_errors=True)
        args.scratch.mkdir(parents=True)
        try:
            sys.stdout.write(MEASUREMENTS[name](args) + "\n")
            sys.stdout.flush()
        finally:
            shutil.rmtree(args.scratch, ignore_errors=True)


def build(args):
    """Without any layer from before, after a change of the program, and without a change. Takes long."""
    command = ["docker", "build", "--quiet", "--file", str(ROOT / "docker/Dockerfile"), "--tag", f"keyfold:{args.tag}"]
    source = args.scratch / "source"
    subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "--detach", str(source)], check=True, capture_output=True)
    try:
        lines = [f"| nothing cached | {seconds([*command, '--no-cache', source]):.0f} s |"]
        main_file = source / "crates/client/src/main.rs"
        main_file.write_text(main_file.read_text() + "\n// A change.\n")
        lines.append(f"| dependencies cached | {seconds([*command, source]):.0f} s |")
        lines.append(f"| nothing changed | {seconds([*command, source]):.1f} s |")
    finally:
        subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(source)], check=True)
    return "### Building the image\n\n| | |\n|:--|--:|\n" + "\n".join(lines) + "\n"


def seconds(command):
    begin = time.perf_counter()
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def image(args):
    """What the image takes, and its layers that take something."""
    name = f"keyfold:{args.tag}"
    layers = docker("history", "--no-trunc", "--format", "{{.Size}}\t{{.CreatedBy}}", name).splitlines()
    lines = [line.partition("\t") for line in layers if not line.startswith("0B")]
    rows = [f"| {' '.join(by.split())[:100] or 'base image'} | {size} |" for size, _, by in lines]
    size = int(docker("inspect", "--format", "{{.Size}}", name)) / 1e6
    return f"### The image: {size:.0f} MB\n\n| layer | |\n|:--|--:|\n" + "\n".join(rows) + "\n"


def ready(args):
    """From nothing to a cluster that takes runs: networks, volumes, containers, two registered executors."""
    taken, binary = [], program(args)
    for run in range(args.runs):
        folder = args.scratch / f"ready-{run}"
        with Compose(binary, folder, args.scratch, args.scratch, args.tag, args.memory_gib) as cluster:
            taken.append(cluster.ready_seconds)
        sys.stderr.write(f"ready {run + 1}/{args.runs}: {taken[-1]:.2f} s\n")
    return f"### From `up` to a ready cluster\n\n{min(taken):.1f} to {max(taken):.1f} s in {len(taken)} runs.\n"


def job(args):
    """The same run, by the same client, on containers and on processes; and as a container of its own."""
    args.binary = program(args)
    data = generated(args, args.rows, "parquet")
    command = case_command(args, WEEKLY, data)
    before = os.getloadavg()
    with (
        keyfold_cluster(args, data) as processes,
        Compose(args.binary, args.scratch / "compose", data, args.scratch, args.tag, args.memory_gib) as containers,
    ):
        contenders = {
            CLUSTER: OnCluster(args, command, processes),
            CONTAINERS: OnCluster(args, command, containers),
            SUBMIT: Submitted(args, command, containers),
        }
        taken, documents = turns(args, contenders, args.runs)
    return cluster_report.markdown(
        {
            "title": f"{WEEKLY.heading(args.rows)}: the cost of containers",
            "question": ratio(taken, CONTAINERS, CLUSTER, "containers take {:.2f} times as long"),
            "verified_documents": documents,
            "contenders": taken,
            "load_average_before": before,
        }
    )


class Submitted(OnCluster):
    """The client in a container, too: what the user of `docker compose run submit` waits for."""

    def run(self, output):
        words = self.command(output)[1:]
        job = words.index(str(ROOT / "sql" / WEEKLY.job))
        words[job] = f"/jobs/{WEEKLY.job}"
        command = self.cluster.command("run", "--rm", "-T", "submit", *words)
        with within(self.args.timeout):
            return measure.run(command, self.cluster.environment)


def program(args):
    """The program out of the image."""
    file = args.data / f"keyfold-{args.tag}"
    container = docker("create", f"keyfold:{args.tag}")
    try:
        docker("cp", f"{container}:/usr/local/bin/keyfold", str(file))
    finally:
        docker("rm", container)
    return file


MEASUREMENTS = {"image": image, "build": build, "ready": ready, "job": job}

if __name__ == "__main__":
    try:
        main()
    except (measure.RunFailed, ServerFailed, TooLong, subprocess.SubprocessError) as error:
        sys.exit(f"error: {error}")
