#!/usr/bin/env python3
"""Holds what the workspaces depend on against the rules below, and names every dependency that no code uses.

Works on `cargo metadata` alone, so that it needs neither a tool to be built nor an advisory database.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORKSPACES = [ROOT / "Cargo.toml", ROOT / "fuzz" / "Cargo.toml"]

# Licences that a program under Apache-2.0 can be given away with.
LICENCES = {
    "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "NCSA", "Unicode-3.0",
    "Zlib", "bzip2-1.0.6",
}  # fmt: skip

# Batches of two Arrows cannot meet, and two engines cannot share a session.
ONE_VERSION = re.compile(r"arrow(-\w+)*|parquet|datafusion(-[\w-]+)?|ballista(-[\w-]+)?|object_store")


def main():
    problems, packages = [], 0
    for manifest in WORKSPACES:
        metadata = cargo_metadata(manifest)
        members = [package for package in metadata["packages"] if package["id"] in metadata["workspace_members"]]
        bought = [package for package in metadata["packages"] if package["source"]]
        packages += len(bought)
        for package in bought:
            problems += licence_problems(package) + source_problems(package)
        problems += version_problems(bought)
        for package in members:
            problems += unused(package)
        problems += unused_in_workspace(manifest, members)
    for problem in sorted(set(problems)):
        print(problem, file=sys.stderr)
    print(f"{packages} packages looked at, {len(set(problems))} problems")
    return 1 if problems else 0


def cargo_metadata(manifest):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--manifest-path", str(manifest)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def licence_problems(package):
    # Older packages write a slash for OR.
    expression = (package["license"] or "").replace("/", " OR ")
    if allowed(re.findall(r"[()]|[\w.+-]+(?: WITH [\w.-]+)?", expression)):
        return []
    return [f"{title(package)}: the licence `{package['license']}` is not one of those allowed in .ci/dependencies.py"]


def allowed(tokens):
    """Whether an SPDX expression can be met. AND binds closer than OR."""

    def alternatives(position):
        met, position = conjunction(position)
        while tokens[position : position + 1] == ["OR"]:
            other, position = conjunction(position + 1)
            met = met or other
        return met, position

    def conjunction(position):
        met, position = single(position)
        while tokens[position : position + 1] == ["AND"]:
            other, position = single(position + 1)
            met = met and other
        return met, position

    def single(position):
        if tokens[position : position + 1] == ["("]:
            met, position = alternatives(position + 1)
            return met, position + 1
        return tokens[position : position + 1] != [] and tokens[position] in LICENCES, position + 1

    met, position = alternatives(0)
    return met and position == len(tokens)


def source_problems(package):
    if package["source"].startswith(("registry+", "sparse+")):
        return []
    return [f"{title(package)}: comes from {package['source']}, not from a registry"]


def version_problems(packages):
    versions = {}
    for package in packages:
        if ONE_VERSION.fullmatch(package["name"]):
            versions.setdefault(package["name"], set()).add(package["version"])
    several = {name: sorted(found) for name, found in versions.items() if len(found) > 1}
    return [f"{name}: {' and '.join(found)} are both in use; one must do" for name, found in several.items()]


def unused(package):
    """Dependencies whose name no Rust file of the package uses. A dependency that is there for its features only is
    named in [package.metadata.cargo-machete] ignored = [...], as cargo-machete has it."""
    folder = pathlib.Path(package["manifest_path"]).parent
    text = "\n".join(code(file) for file in folder.rglob("*.rs"))
    ignored = ((package["metadata"] or {}).get("cargo-machete") or {}).get("ignored", [])
    problems = []
    for dependency in package["dependencies"]:
        name = (dependency["rename"] or dependency["name"]).replace("-", "_")
        used = re.search(rf"(?<![\w:.]){name}\s*::|\b(use|extern crate)\s+(::)?{name}\b", text)
        if not used and dependency["name"] not in ignored:
            problems.append(f"{title(package)}: does not use its dependency {dependency['name']}")
    return problems


def code(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("//"))


def unused_in_workspace(manifest, members):
    declared = tomllib.loads(manifest.read_text(encoding="utf-8")).get("workspace", {}).get("dependencies", {})
    used = {dependency["rename"] or dependency["name"] for package in members for dependency in package["dependencies"]}
    return [f"{manifest.relative_to(ROOT)}: no member uses {name}" for name in declared if name not in used]


def title(package):
    return f"{package['name']} {package['version']}"


if __name__ == "__main__":
    sys.exit(main())
