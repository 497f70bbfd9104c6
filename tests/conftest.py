"""A test module that imports a package which is not installed is skipped as a whole, with the package's name;
with RCX_REQUIRE_PACKAGES or RCX_REQUIRE_DATA in the environment it fails."""
import os

import pytest

REQUIRED = any(os.environ.get(name) for name in ("RCX_REQUIRE_PACKAGES", "RCX_REQUIRE_DATA"))
HERE = os.path.dirname(os.path.abspath(__file__))


def is_ours(name):
    return any(os.path.exists(os.path.join(folder, name + ".py")) for folder, _, _ in os.walk(HERE))


class Module(pytest.Module):
    def collect(self):
        try:
            return super().collect()
        except self.CollectError as error:
            cause = error.__cause__
            if REQUIRED or not isinstance(cause, ModuleNotFoundError) or is_ours(cause.name):
                raise
            pytest.skip(f"needs the package {cause.name}", allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    return Module.from_parent(parent, path=module_path)
