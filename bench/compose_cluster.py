"""The shipped compose cluster, set up so that a client outside of it sees the same files under the same names."""

import functools
import os
import shutil
import subprocess
import time

from cases import ROOT
from cluster_servers import HOST, ServerFailed, cpu_seconds, executors, free_port

READY_SECONDS = 120
POLL_SECONDS = 0.05

OVERRIDE = """\
services:
  executor:
    user: "{user}"
    environment: {{ KEYFOLD__ALLOW: "{data},{scratch}", KEYFOLD__SCRATCH: "{scratch}" }}
    volumes: ["{data}:{data}:ro", "{scratch}:{scratch}"]
  submit:
    user: "{user}"
    environment: {{ KEYFOLD__SCRATCH: "{scratch}" }}
    volumes: ["{data}:{data}:ro", "{scratch}:{scratch}"]
"""


def docker(*arguments):
    """What `docker` prints."""
    return subprocess.run(["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@functools.cache
def compose():
    """Docker's plugin, or the program of its own that came before it."""
    plugin = subprocess.run(["docker", "compose", "version"], check=False, capture_output=True)
    return ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]


class Compose:
    """A project from docker/compose.yaml with two executors of one core each."""

    def __init__(self, binary, folder, data, scratch, tag, memory_gib):
        self.binary, self.folder = binary, folder
        self.override = OVERRIDE.format(user=f"{os.getuid()}:{os.getgid()}", data=data, scratch=scratch)
        scheduler, store = free_port(), free_port()
        self.address = f"df://{HOST}:{scheduler}"
        self.environment = {
            "COMPOSE_PROJECT_NAME": f"keyfold-bench-{os.getpid()}",
            "KEYFOLD_TAG": tag,
            "SCHEDULER_PORT": str(scheduler),
            "STORE_PORT": str(store),
            # An executor holds half of it before it spills.
            "EXECUTOR_MEMORY": f"{2 * memory_gib}g",
        }

    def __enter__(self):
        shutil.copytree(ROOT / "docker", self.folder / "docker", ignore=shutil.ignore_patterns("secrets"))
        shutil.copytree(ROOT / "sql", self.folder / "sql")
        (self.folder / "docker/override.yaml").write_text(self.override)
        subprocess.run([self.folder / "docker/secrets.sh"], check=True)
        try:
            self.ready_seconds = self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.run("down", "--volumes", "--remove-orphans", "--timeout", "5")

    def command(self, *arguments):
        files = [self.folder / "docker" / name for name in ("compose.yaml", "override.yaml")]
        return [*compose(), *(word for file in files for word in ("--file", str(file))), *arguments]

    def run(self, *arguments):
        done = subprocess.run(
            self.command(*arguments), env={**os.environ, **self.environment}, check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise ServerFailed(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout.strip()

    def up(self):
        """Starts all containers; gives the seconds until both executors take tasks."""
        begin = time.perf_counter()
        self.run("up", "--detach")
        while executors(self.binary, self.address) != 2:
            if time.perf_counter() - begin > READY_SECONDS:
                raise ServerFailed(f"not both executors have registered: {self.run('logs', '--tail', '20')}")
            time.sleep(POLL_SECONDS)
        return time.perf_counter() - begin

    def cpu_seconds(self):
        """Of scheduler and executors, so far."""
        containers = self.run("ps", "--quiet", "scheduler", "executor").split()
        processes = [docker("inspect", "--format", "{{.State.Pid}}", container) for container in containers]
        return sum(cpu_seconds(process) for process in processes)
