"""No key is there for show: each changes what some command does (key_effects.py)."""
import json

import pytest

from cli_support import run
from key_effects import EFFECTS


def test_every_key_has_a_row():
    keys = json.loads(run("config", "list", "--json").stdout)["keys"]
    assert set(EFFECTS) == {key["key"] for key in keys}


@pytest.mark.parametrize("key", sorted(EFFECTS))
def test_the_key_changes_what_happens(key, tmp_path):
    """... and nothing else does: the same run twice looks the same."""
    effect = EFFECTS[key]
    folders = [tmp_path / name for name in ("before", "again", "after")]
    for folder in folders:
        folder.mkdir()
    before, again = (effect.look(folder, effect.given) for folder in folders[:2])
    assert before == again
    assert before != effect.look(folders[2], [*effect.given, f"{key}={effect.value}"])
