"""Each header compiles alone, twice in a row, without a warning, with every compiler there is."""

import shutil
import subprocess

import pytest
from tree import FOLDERS, PEERS, ROOT, files

COMPILERS = [compiler for compiler in ("gcc", "clang") if shutil.which(compiler)]
HEADERS = [str(path) for path in files(*FOLDERS, PEERS, "tests", suffixes=(".h",))]
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-x", "c", "-", f"-I{ROOT}", "-Wall",
         "-Wextra", "-Wshadow", "-Wconversion", "-Wvla", "-Wundef", "-Wstrict-prototypes", "-Werror"]


def test_there_are_compilers_and_headers():
    assert COMPILERS and HEADERS


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("header", HEADERS)
def test_header_compiles_alone(header, compiler):
    source = f'#include "{header}"\n#include "{header}"\n'
    done = subprocess.run([compiler, *FLAGS], input=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
