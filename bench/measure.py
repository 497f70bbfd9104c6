"""One measurement is one process: wall clock, CPU of the process and its children, peak memory."""

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time


@dataclasses.dataclass
class Sample:
    """wall, cpu in seconds (cpu = user + system); peak_kb = largest resident set of the process."""

    wall: float
    cpu: float
    peak_kb: int
    report: dict  # the JSON object on its standard output, {} when there is none


class Failed(Exception):
    """A measured command did not exit with 0."""


def run(command):
    """Runs one command to its end. Raises Failed with its standard error when it does not exit with 0."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            text = errors.read().decode(errors="replace")[-2000:]
            raise Failed(f"{' '.join(map(str, command))}: exit {process.returncode}\n{text}")
        return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, last_json(output.read()))


def last_json(data):
    """The JSON object that a program printed, as its whole output or as its last line."""
    text = data.decode(errors="replace").strip()
    for candidate in (text, text.rsplit("\n", 1)[-1]):
        try:
            value = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return {}


def alternate(sides, repetitions, note, inputs=()):
    """Runs {name: function() -> Sample} in the order A B A B ...; returns {name: [Sample]}.

    The first round warms the page cache and is thrown away; files in `inputs` are read before each
    measurement, so that no side finds them colder than the other."""
    samples = {name: [] for name in sides}
    for repetition in range(repetitions + 1):
        for name, side in sides.items():
            for path in inputs:
                pathlib.Path(path).read_bytes()
            sample = side()
            note(f"  {'warm-up' if repetition == 0 else repetition} {name}: {sample.wall:.3f} s, "
                 f"{sample.cpu:.3f} s CPU, {sample.peak_kb / 1024:.0f} MB")
            if repetition:
                samples[name].append(sample)
    return samples


def summary(samples):
    """Medians of one side's samples, the range of the wall clock, and what the program told itself."""
    walls = [sample.wall for sample in samples]
    return {
        "wall": statistics.median(walls), "wall_min": min(walls), "wall_max": max(walls),
        "cpu": statistics.median(sample.cpu for sample in samples),
        "peak_mb": statistics.median(sample.peak_kb for sample in samples) / 1024,
        "inside": inside(samples),
        "samples": [{"wall": sample.wall, "cpu": sample.cpu, "peak_mb": sample.peak_kb / 1024}
                    for sample in samples],
    }


def inside(samples):
    """Medians of the stage times in the programs' reports: {stage: seconds}."""
    stages = {}
    for sample in samples:
        for key, value in sample.report.items():
            if key.endswith("_seconds") and isinstance(value, (int, float)):
                stages.setdefault(key.removesuffix("_seconds"), []).append(value)
        told = sample.report.get("stages", {})
        if isinstance(told, list):  # rcx run: a list of its stages
            told = {stage["stage"]: {"wall": stage["seconds"]} for stage in told}
        for key, value in told.items():
            stages.setdefault(key, []).append(value["wall"])
    return {stage: statistics.median(values) for stage, values in stages.items()}


def tree_bytes(path):
    """Bytes of all files under a directory, or of one file."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name))
               for folder, _, names in os.walk(path) for name in names)
