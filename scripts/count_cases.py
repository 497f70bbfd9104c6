"""Counts the test cases in the JUnit files that ctest wrote, and prints one line.

One entry of ctest is a program with many cases; its output is part of the file. A cmocka program
prints a line for every case, pytest a summary. An entry that failed without a failed case (a crash,
a time-out) counts as one failed case, an entry of neither kind as one case.
"""

import argparse
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

# A failed case is listed again at the end, and messages of its own look alike: "[ ERROR ] --- 1 != 2".
CMOCKA = re.compile(r"^\[ *(OK|FAILED|ERROR|SKIPPED) *\] (?!---|\d+ test\(s\))(.+)$", re.MULTILINE)
PYTEST_SUMMARY = re.compile(r"^=*\s*(\d+ [a-z]+(?:, \d+ [a-z]+)* in [\d.]+s.*)$", re.MULTILINE)
PYTEST_COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?|xfailed|xpassed)")
KINDS = {
    "OK": "passed", "FAILED": "failed", "ERROR": "failed", "SKIPPED": "skipped",
    "passed": "passed", "xpassed": "passed", "xfailed": "passed", "failed": "failed",
    "error": "failed", "errors": "failed", "skipped": "skipped",
}


def cases_of(entry):
    """The cases of one ctest entry, by kind."""
    output = entry.findtext("system-out") or ""
    cases = Counter()
    summaries = PYTEST_SUMMARY.findall(output)
    if summaries:
        for count, kind in PYTEST_COUNT.findall(summaries[-1]):
            cases[KINDS[kind]] += int(count)
    else:
        cases.update({name: KINDS[kind] for kind, name in CMOCKA.findall(output)}.values())
    status = {"run": "passed", "fail": "failed"}.get(entry.get("status"), "skipped")
    if not cases or (status == "failed" and cases["failed"] == 0):
        cases[status] += 1
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--also-failed", type=int, default=0)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    total = Counter()
    for file in arguments.files:
        for entry in ElementTree.parse(file).iter("testcase"):
            total += cases_of(entry)
    if arguments.also_failed and total["failed"] == 0:
        total["failed"] = arguments.also_failed  # a build or a check failed, not a case
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
