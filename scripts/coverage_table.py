"""Adds up what gcov counted, folder by folder; or shows what nothing ran in one file.

A source may be compiled more than once (kernels: once for each instruction set): a line or a branch
counts as run when one of its copies ran. Branches are those of the compiler's jumps, so an && is two.
Assertions are left out: that they never fail is their point.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
from collections import defaultdict

FOLDERS = ("base", "config", "storage", "engine", "ml", "cli")


def counted(notes):
    """gcov's JSON of one object file; one that never ran counts as zero everywhere."""
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", notes],
                          cwd=notes.parent, capture_output=True, text=True, check=True)
    return [file for line in done.stdout.splitlines() for file in json.loads(line)["files"]]


def gather(build, source):
    """{file: {line: [count, {branch: count}]}}"""
    files = defaultdict(dict)
    objects = [p for p in sorted(build.rglob("*.gcno")) if "tests" not in p.relative_to(build).parts]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(counted, objects):
            for file in found:
                path = pathlib.Path(os.path.normpath(source / file["file"]))
                if path.is_relative_to(source) and path.relative_to(source).parts[0] in FOLDERS:
                    add(files[path.relative_to(source)], file["lines"])
    for path, lines in files.items():
        text = (source / path).read_text(encoding="utf-8").splitlines()
        if max(lines, default=0) > len(text):
            raise SystemExit(f"coverage: {path} was changed since it was compiled; run scripts/coverage again")
        for number in [n for n in lines if text[n - 1].lstrip().startswith("assert(")]:
            del lines[number]
    return files


def add(into, lines):
    for line in lines:
        entry = into.setdefault(line["line_number"], [0, defaultdict(int)])
        entry[0] += line["count"]
        for index, branch in enumerate(line["branches"]):
            entry[1][index] += branch["count"]


def share(part, whole):
    return f"{part:6,} of {whole:6,} {part / whole:6.1%}" if whole else f"{'-':>23}"


def print_table(files):
    sums = defaultdict(lambda: [0, 0, 0, 0])
    for path, lines in files.items():
        inner = path.parts[1] if len(path.parts) > 2 else ""
        for name in (path.parts[0] + "/" + inner if inner else path.parts[0], "all"):
            s = sums[name]
            for count, branches in lines.values():
                s[0] += count > 0
                s[1] += 1
                s[2] += sum(b > 0 for b in branches.values())
                s[3] += len(branches)
    print(f"{'folder':<18}{'lines run':>24}{'branches taken':>26}")
    for name in sorted(sums, key=lambda n: (n == "all", n)):
        ran, lines, taken, branches = sums[name]
        print(f"{name:<18}{share(ran, lines):>24}{share(taken, branches):>26}")


def print_lines(lines, path):
    text = path.read_text(encoding="utf-8").splitlines()
    for number, (count, branches) in sorted(lines.items()):
        missed = sum(b == 0 for b in branches.values())
        if count == 0 or missed:
            what = "not run" if count == 0 else f"{missed} of {len(branches)} not taken"
            print(f"{number:5} {what:16} {text[number - 1]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--lines")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    if not any(build.rglob("*.gcda")):
        parser.exit(1, f"coverage: nothing was counted in {arguments.build}; run scripts/coverage first\n")
    files = gather(build, arguments.source.resolve())
    if not arguments.lines:
        print_table(files)
    elif pathlib.Path(arguments.lines) in files:
        print_lines(files[pathlib.Path(arguments.lines)], arguments.source / arguments.lines)
    else:
        parser.exit(1, f"coverage: {arguments.lines} was not compiled; sources are named from the root, as base/text.c\n")


if __name__ == "__main__":
    main()
