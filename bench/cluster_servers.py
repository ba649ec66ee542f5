"""Servers of a cluster on this machine: started, waited for, asked what they have used, and stopped in any case."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 20
POLL_SECONDS = 0.1
LAST_BYTES = 2_000
TICK = os.sysconf("SC_CLK_TCK")


class ServerFailed(Exception):
    """A server did not start, or ended before it was told to; the message has what it said."""


def cpu_seconds(process):
    """Of all threads of a process, so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def executors(binary, address):
    """How many have registered with the scheduler; none if it does not answer."""
    command = [binary, "status", "--json", "--cluster", address, "--connect-seconds", "1"]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False)
    return len(json.loads(said.stdout)["executors"]) if said.returncode == 0 else 0


class Server:
    """A process in a group of its own, so that what it has started ends with it."""

    def __init__(self, name, command, log, environment=None):
        self.name, self.log = name, log
        with log.open("wb") as said:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def check(self):
        if self.process.poll() is not None:
            text = self.log.read_bytes()[-LAST_BYTES:].decode(errors="replace")
            raise ServerFailed(f"{self.name} ended with {self.process.returncode}: {text}")

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def peak_rss_bytes(self):
        """The most memory that the process has had."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

    def stop(self):
        """Asks once, then ends the group: a signal at a bad moment must not leave anything behind."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Servers:
    """Servers that start one by one and are stopped together, the last one first."""

    def __init__(self):
        self.all = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in reversed(self.all):
            server.stop()

    def start(self, *args):
        self.all.append(Server(*args))
        return self.all[-1]

    def wait(self, what, ready):
        """Until it is so; ends if a server does, or if it takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            for server in self.all:
                server.check()
            if time.monotonic() > deadline:
                raise ServerFailed(f"{what} after {START_SECONDS} s")
            time.sleep(POLL_SECONDS)

    def cpu_seconds(self):
        return sum(server.cpu_seconds() for server in self.all)

    def peaks(self):
        return {server.name: server.peak_rss_bytes() for server in self.all}


class Keyfold(Servers):
    """A scheduler and executors of one task each."""

    def __init__(self, binary, folder, allow, executors, memory, cores=None):
        super().__init__()
        self.binary, self.folder, self.allow, self.memory = binary, folder, allow, memory
        self.executors, self.cores = executors, cores

    def __enter__(self):
        self.folder.mkdir(parents=True)
        port, health = free_port(), free_port()
        self.address = f"df://{HOST}:{port}"
        try:
            ports = ["--port", port, "--health-port", health]
            self.start("scheduler", [self.binary, "scheduler", *ports], self.folder / "scheduler.log")
            for number in range(1, self.executors + 1):
                self.executor(number)
            self.wait(f"not all of {self.executors} executors have registered", self.registered)
        except BaseException:
            self.__exit__()
            raise
        return self

    def executor(self, number):
        name = f"executor-{number}"
        command = [self.binary, "executor", "--cluster", self.address, "--vcores", "1", "--threads", "1"]
        command += ["--memory-limit", self.memory, "--work-dir", self.folder / name]
        for root in self.allow:
            command += ["--allow", root]
        if self.cores:
            command = ["taskset", "--cpu-list", self.cores[number - 1], *command]
        self.start(name, command, self.folder / f"{name}.log")

    def registered(self):
        return executors(self.binary, self.address) == self.executors


class Spark(Servers):
    """A standalone cluster out of the pyspark package: a master and workers of one core each."""

    def __init__(self, python, folder, workers, memory):
        super().__init__()
        self.python, self.folder, self.workers, self.memory = python, folder, workers, memory

    def __enter__(self):
        import pyspark

        self.folder.mkdir(parents=True)
        home = Path(pyspark.__file__).parent
        port, page = free_port(), free_port()
        self.address, self.page = f"spark://{HOST}:{port}", f"http://{HOST}:{page}/json/"
        self.environment = {
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "PYSPARK_PYTHON": self.python,
        }
        starter = [home / "bin/spark-class"]
        try:
            master = [*starter, "org.apache.spark.deploy.master.Master", "--host", HOST, "--port", port]
            self.start("master", [*master, "--webui-port", page], self.folder / "master.log", self.environment)
            self.wait("the master does not answer", lambda: self.alive() is not None)
            for number in range(1, self.workers + 1):
                name = f"worker-{number}"
                worker = [*starter, "org.apache.spark.deploy.worker.Worker", "--host", HOST, "--webui-port", "0"]
                worker += ["--cores", "1", "--memory", self.memory, "--work-dir", self.folder / name, self.address]
                self.start(name, worker, self.folder / f"{name}.log", self.environment)
            self.wait(f"not all of {self.workers} workers have registered", lambda: self.alive() == self.workers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def alive(self):
        try:
            with urllib.request.urlopen(self.page, timeout=5) as answer:
                return json.load(answer)["aliveworkers"]
        except OSError:
            return None


def free_port():
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]
