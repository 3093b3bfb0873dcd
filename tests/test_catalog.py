"""Shipped data is found in the wheel first, then beside the package."""

from pathlib import Path

import pytest

from llmsim import catalog
from llmsim.errors import OperatorError


def test_profiles_and_scripts_of_a_checkout_are_beside_the_package() -> None:
    root = Path(__file__).parent.parent
    assert catalog.profiles_dir() == root / "profiles"
    assert catalog.scripts_dir() == root / "sessions"


def test_data_in_the_wheel_wins_over_data_beside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "llmsim"
    for directory in (package / "_data" / "profiles", tmp_path / "profiles"):
        directory.mkdir(parents=True)
    assert catalog.profiles_dir(package) == package / "_data" / "profiles"


def test_data_that_is_missing_is_an_operator_error_that_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="_data/sessions is missing"):
        catalog.scripts_dir(tmp_path / "llmsim")
