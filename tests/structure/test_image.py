"""The container: its second stage names the package of every library that the program loads."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ.get("RCX_SOURCE", os.getcwd()))


def test_the_image_holds_every_library_and_is_not_root():
    text = (SOURCE / "Dockerfile").read_text()
    last = text.split("\nFROM ")[-1]
    assert re.search(r"^USER rcx$", last, re.MULTILINE)
    release = pathlib.Path("/etc/os-release")
    if not shutil.which("dpkg-query") or "VERSION_ID=\"12\"" not in release.read_text():
        pytest.skip("skipped: packages have other names here than in the image")
    objects = subprocess.run(["ldd", os.environ["RCX"]], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"NEEDED\s+(\S+)", subprocess.run(["objdump", "-p", os.environ["RCX"]], capture_output=True, text=True, check=True).stdout))
    for name, path in re.findall(r"(\S+) => (/\S+)", objects):
        if name not in needed:
            continue  # of a package that the named ones bring
        found = subprocess.run(["dpkg-query", "-S", f"*/{os.path.basename(os.path.realpath(path))}"], capture_output=True, text=True).stdout
        packages = {line.split(":")[0] for line in found.splitlines()}
        assert packages & set(last.split()) or packages & {"libc6", "libgcc-s1", "libstdc++6"}, (name, packages)
