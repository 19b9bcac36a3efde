from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import phoenix as backend


@pytest.fixture(scope="session")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[backend.Phoenix]:
    """One Phoenix for all tests of the xdist group `phoenix`."""
    if not backend.PROGRAM.exists():
        pytest.skip("Phoenix is not installed: `make test` installs it where Python is 3.11 or newer")
    with backend.phoenix(tmp_path_factory.mktemp("phoenix")) as server:
        yield server
