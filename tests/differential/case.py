"""One case: files, a job and a query, made from a seed and a number alone."""

import os
import random
import shutil
import subprocess
import traceback
from dataclasses import dataclass

import comparison
import jobs
import queries
import reference
import tables as generated

THREADS = (1, 2, 16)
# What a run that finds no answer ends with: its input, or its query.
REFUSALS = (3, 4)
DEADLINE = 120


@dataclass
class Result:
    """What came of a case; `finding` says what is wrong, if anything is."""

    number: int
    documents: int = 0
    refused: bool = False
    finding: str = ""


def run(program, seed, number, folder):
    """Makes the case in a folder and compares both programs. The folder goes, unless something is wrong."""
    rng = random.Random(f"{seed}/{number}")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        result = _compare(program, rng, number, folder)
    except Exception:
        result = Result(number, finding=f"the test itself fails:\n{traceback.format_exc()}")
    if not result.finding:
        shutil.rmtree(folder)
    return result


def _compare(program, rng, number, folder):
    tables = generated.generate(rng)
    (folder / "data").mkdir(parents=True)
    for table in tables:
        generated.write(rng, table, folder / "data")
    query = queries.generate(rng, tables)
    jobs.write(rng, folder, query, tables)
    threads = rng.choice(THREADS)
    expected = reference.answer(query, tables)
    ended = _keyfold(program, folder, threads)
    result = Result(number, refused=ended.returncode != 0)
    problems = _problems(expected, ended, folder, query, result)
    if problems:
        result.finding = "\n".join([f"with {threads} threads", *problems])
        (folder / "finding.txt").write_text(result.finding + "\n", encoding="utf-8")
    return result


def _keyfold(program, folder, threads):
    command = [program, "--quiet", "run", ".", "--threads", str(threads)]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("KEYFOLD_")}
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, timeout=DEADLINE)


def _problems(expected, ended, folder, query, result):
    code, message = ended.returncode, ended.stderr[:2000]
    if code not in (0, *REFUSALS):
        return [f"keyfold ends with {code}: {message}"]
    if code:
        reason = expected.must_refuse or expected.may_refuse
        return [] if reason else [f"keyfold ends with {code}, but there is an answer: {message}"]
    if expected.must_refuse:
        return [f"keyfold gives an answer, but there is none: {expected.must_refuse}"]
    found = comparison.documents(folder / "out/current", query)
    result.documents = len(found)
    problems = comparison.differences(expected.documents, found)
    if problems and expected.may_refuse:
        problems.append(f"to refuse would have been right: {expected.may_refuse}")
    return problems
