from __future__ import annotations

from pathlib import Path

import pytest
from page_house import PageHouse


@pytest.fixture
def house(home: Path) -> PageHouse:
    return PageHouse(home)
