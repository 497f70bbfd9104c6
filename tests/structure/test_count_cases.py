"""The counter of the test command: what it makes of the output of cmocka, pytest and crashes."""

import subprocess
import sys

import pytest
from tree import ROOT

CMOCKA_PASSED = """[==========] base/buf: Running 2 test(s).
[ RUN      ] appends
[       OK ] appends
[ RUN      ] clears
[  SKIPPED ] clears
[==========] base/buf: 2 test(s) run.
[  PASSED  ] 1 test(s).
"""
CMOCKA_FAILED = """[ RUN      ] one
[  ERROR   ] --- 0x2 != 0
[   LINE   ] --- test.c:1: error: Failure!
[  FAILED  ] one
[ RUN      ] two
[       OK ] two
[==========] 2 test(s) run.
[  PASSED  ] 1 test(s).
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] one

 1 FAILED TEST(S)
"""
CASES = {
    "a cmocka program": ("run", CMOCKA_PASSED, "1 passed, 0 failed, 1 skipped", 0),
    "a failed case": ("fail", CMOCKA_FAILED, "1 passed, 1 failed, 0 skipped", 1),
    "a crash": ("fail", CMOCKA_PASSED, "1 passed, 1 failed, 1 skipped", 1),
    "pytest": ("run", "..s [100%]\n2 passed, 1 skipped in 0.19s\n", "2 passed, 0 failed, 1 skipped", 0),
    "pytest failed": ("fail", "1 failed, 3 passed, 2 errors in 1m\n1 failed, 3 passed, 2 errors in 61.20s (0:01:01)\n",
                      "3 passed, 3 failed, 0 skipped", 1),
    "no cases": ("run", "", "1 passed, 0 failed, 0 skipped", 0),
    "not run": ("notrun", "", "0 passed, 0 failed, 1 skipped", 1),
}


def count(folder, status, output, *options):
    file = folder / "results.xml"
    file.write_text(f'<testsuite><testcase name="x" status="{status}">'
                    f"<system-out>{output}</system-out></testcase></testsuite>", encoding="utf-8")
    done = subprocess.run([sys.executable, ROOT / "scripts/count_cases.py", *options, file],
                          capture_output=True, text=True)
    return done.stdout, done.returncode


@pytest.mark.parametrize("status, output, line, code", CASES.values(), ids=CASES)
def test_cases_are_counted(tmp_path, status, output, line, code):
    assert count(tmp_path, status, output) == (line + "\n", code)


def test_a_failed_build_is_a_failure(tmp_path):
    line = "1 passed, 2 failed, 1 skipped\n"
    assert count(tmp_path, "run", CMOCKA_PASSED, "--also-failed", "2") == (line, 1)
