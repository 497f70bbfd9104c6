"""What the house style asks of every file and a program can check."""

import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from tree import FOLDERS, PEERS, ROOT, code, files, line_of, text

MOST_FILE_LINES = 600
MOST_FUNCTION_LINES = 80
OURS = (*FOLDERS, PEERS, "tests", "scripts", "cmake")
PRODUCT = files(*FOLDERS)

# Calls that product code does not make: pattern, files that may, what to use.
FORBIDDEN = [
    (r"(?:secure_)?getenv|setenv|putenv", ["cli/main.c"], "main alone reads the environment"),
    (r"exit|_exit|_Exit|quick_exit|abort", ["cli/main.c"], "return a status"),
    (r"malloc|calloc|realloc|reallocarray|free|posix_memalign|aligned_alloc|strdup|strndup|asprintf"
     r"|vasprintf|getline|getdelim|open_memstream|realpath",
     ["base/memory.c"], "memory comes from base/memory.h"),
    (r"strcpy|strcat|strncat|stpcpy|sprintf|vsprintf|gets|alloca|tmpnam|mktemp", [],
     "it does not know how much room there is"),
    (r"strtok|localtime|gmtime|ctime|asctime|strerror|rand|srand|random|drand48", [],
     "it keeps hidden state"),
    (r"ato[ifl]|atoll|strto(?:d|f|ld|l|ll|ul|ull)|s?scanf|fscanf|setlocale|localeconv|strptime", [],
     "it knows locales or hides errors; base/text.h and base/date.h parse and print"),
    (r"system|popen|fork|vfork|posix_spawn", [], "rcx runs no programs"),
    (r"f?exec(?:v|l)[pe]*", ["cli/main.c"], "main alone starts itself once more"),
    (r"longjmp|setjmp|goto_error", [], "errors are statuses"),
]
PRINTING = re.compile(r"\b(?:printf|vprintf|puts|putchar|perror)\s*\(|\bstdout\b|\bstderr\b")
MAY_PRINT = ("cli/", "base/log.c")
LATER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


def every_file():
    for folder in OURS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT)


def functions(path):
    """(first line, lines) of each function: a brace in column 0 after a parameter list."""
    opened = None
    previous = ""
    for number, line in enumerate(code(path).split("\n"), 1):
        if line == "{" and previous.rstrip().endswith(")"):
            opened = number
        elif line.startswith("}") and opened is not None:
            yield opened - 1, number - opened + 2
            opened = None
        previous = line or previous


def test_files_fit():
    wrong = []
    for path in files(*OURS, suffixes=(".c", ".h", ".cc", ".def", ".py")):
        lines = text(path).count("\n")
        if lines > MOST_FILE_LINES:
            wrong.append(f"{path}: {lines} lines, at most {MOST_FILE_LINES}")
    assert not wrong, "\n".join(wrong)


def test_functions_fit():
    wrong = []
    counted = 0
    for path in files(*FOLDERS, PEERS, "tests", suffixes=(".c", ".cc")):
        for line, lines in functions(path):
            counted += 1
            if lines > MOST_FUNCTION_LINES:
                wrong.append(f"{path}:{line}: {lines} lines, at most {MOST_FUNCTION_LINES}")
    assert counted > 100, "the counter sees functions"
    assert not wrong, "\n".join(wrong)


def test_file_names_are_unique():
    """A name says which file is meant; a header and its source share the stem in one folder."""
    wrong = []
    for where, suffixes in ((FOLDERS, (".c", ".h", ".cc")), (("tests",), (".c", ".h", ".py"))):
        homes = defaultdict(set)
        for path in files(*where, suffixes=suffixes):
            homes[path.stem].add(path.parent)
        wrong += [f"{stem}: {sorted(map(str, found))}" for stem, found in homes.items()
                  if len(found) > 1 and stem not in ("conftest", "__init__")]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("pattern, may, why", FORBIDDEN, ids=[row[2] for row in FORBIDDEN])
def test_forbidden_calls(pattern, may, why):
    wrong = []
    for path in PRODUCT:
        if str(path) in may:
            continue
        # a call, not a member or a part of a longer name
        for match in re.finditer(rf"(?<![\w.>])(?:{pattern})\s*\(", code(path)):
            wrong.append(f"{path}:{line_of(code(path), match.start())}: {match.group()}...): {why}")
    assert not wrong, "\n".join(wrong)


def test_library_code_does_not_print():
    wrong = []
    for path in PRODUCT:
        if not str(path).startswith(MAY_PRINT):
            for match in PRINTING.finditer(code(path)):
                wrong.append(f"{path}:{line_of(code(path), match.start())}: {match.group()}")
    assert not wrong, "\n".join(wrong)


def test_the_environment_is_read_by_main_alone():
    readers = [str(path) for path in PRODUCT if re.search(r"\b(getenv|environ)\b", code(path))]
    assert set(readers) <= {"cli/main.c"}


def test_nothing_is_left_for_later():
    wrong = []
    for path in every_file():
        if path.suffix not in (".zst", ".parquet", ".xlsx", ".bin", ".pyc"):
            for match in LATER.finditer(text(path)):
                wrong.append(f"{path}:{line_of(text(path), match.start())}: {match.group()}")
    assert not wrong, "\n".join(wrong)


def test_headers_begin_with_pragma_once_and_their_purpose():
    wrong = []
    for path in files(*FOLDERS, PEERS, "tests", suffixes=(".h",)):
        lines = text(path).split("\n")
        if lines[0] != "#pragma once" or not lines[1].startswith("/*"):
            wrong.append(f"{path}: '#pragma once', then the purpose")
    assert not wrong, "\n".join(wrong)


def test_files_are_clean_text():
    wrong = []
    for path in files(*OURS, suffixes=(".c", ".h", ".cc", ".def", ".py", ".cmake")):
        content = text(path)
        if "\t" in content or "\r" in content or re.search(r"[ ]+$", content, re.MULTILINE):
            wrong.append(f"{path}: tabs, carriage returns or trailing blanks")
        if not content.endswith("\n") or content.endswith("\n\n"):
            wrong.append(f"{path}: one line end at the end")
    assert not wrong, "\n".join(wrong)


def test_every_base_source_has_a_test():
    tested = {path.stem.removeprefix("test_") for path in files("tests/base", suffixes=(".c",))}
    headers = {path.stem for path in files("base", suffixes=(".h",))}
    without = headers - tested - {"kernel"}  # names of kernels only, no code
    assert not without, f"no tests/base/test_*.c for {sorted(without)}"


# Mutable variables with static storage: failure injection, the CPU level chosen once, the interrupt
# flag that a signal handler sets, the serial number of temporary files.
MUTABLE = re.compile(r"^(base/memory\.c|base/cpu\.c|base/parallel\.c|base/file_writer\.c|cli/.*)$")


def test_there_is_no_global_mutable_state():
    build = Path(os.environ.get("RCX_BUILD", ""))
    if not build.is_dir() or not sorted(build.glob("librcx_*.a")):
        pytest.skip("no build to look at")
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    if re.search(r"^RCX_(SANITIZE:STRING=.+|COVERAGE:BOOL=ON)$", cache, re.MULTILINE):
        pytest.skip("instrumented builds have state of their own")
    wrong = []
    for folder in FOLDERS:
        table = subprocess.run(["objdump", "-t", str(build / f"librcx_{folder}.a")],
                               check=True, capture_output=True, text=True).stdout
        member = ""
        for line in table.split("\n"):
            if ":     file format" in line:
                member = line.split(":")[0].removesuffix(".o")
            # relocated constants (.data.rel.ro) are not mutable
            found = re.search(r"\sO\s+(\.data|\.bss|\.tbss|\.tdata|\*COM\*)(?!\.rel\.ro)\S*\s+\S+\s+(\S+)$", line)
            if found:
                home = [str(p) for p in files(folder) if p.name == member]
                if not any(MUTABLE.match(path) for path in home):
                    wrong.append(f"{folder}: {member}: {found.group(2)} is mutable and global")
    assert not wrong, "\n".join(wrong)
