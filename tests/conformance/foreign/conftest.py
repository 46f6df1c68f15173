"""The engine in C++, built once for all workers of a run; without a compiler the tests fail, as CI installs one."""

import os
import subprocess
from fcntl import LOCK_EX, flock

import pytest

from conformance.foreign.engines import ENGINES, NODE

FLAGS = "-O2 -Wall -Wextra -Werror"


@pytest.fixture(scope="session")
def cpp(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The engine in C++ as an option names it; make builds nothing anew where another worker did already."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "cpp-engine"
    folder.mkdir(exist_ok=True)
    # Not the options of a make that runs these tests.
    environment = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "-C", str(ENGINES / "cpp"), f"BUILD={folder}", f"CXXFLAGS={FLAGS}"]
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        built = subprocess.run(command, env=environment, capture_output=True, check=False, text=True)
    assert built.returncode == 0, built.stderr
    return f"exec:{folder / 'engine'}"


@pytest.fixture(params=["cpp", "node"])
def engine_text(request: pytest.FixtureRequest) -> str:
    """Each of the two engines as an option names it."""
    built: str = request.getfixturevalue("cpp") if request.param == "cpp" else NODE
    return built
