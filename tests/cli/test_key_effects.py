"""No key is there for show: each changes what some command does (key_effects.py)."""
import json

import pytest

from cli_support import run
from key_effects import EFFECTS, PENDING


def keys():
    return {key["key"]: key for key in json.loads(run("config", "list", "--json").stdout)["keys"]}


def commands():
    return {line.split()[0] for line in run("help").stdout.split("commands:\n")[1].split("\n\n")[0].splitlines()}


def test_every_key_has_a_row():
    assert set(EFFECTS) | PENDING == set(keys())
    assert not set(EFFECTS) & PENDING


@pytest.mark.parametrize("key", sorted(EFFECTS))
def test_the_key_changes_what_happens(key, tmp_path):
    effect = EFFECTS[key]
    if not key.startswith(("runtime", "log")) and not {"ingest", "export", "clean", "features"} <= commands():
        pytest.skip("the commands that show it are not there yet")
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = effect.look(tmp_path / "before", effect.given)
    after = effect.look(tmp_path / "after", [*effect.given, f"{key}={effect.value}"])
    assert before != after
