"""Each store that a test here writes to is sound afterwards."""

from tests.sound import _sound_afterwards, pytest_configure

__all__ = ["_sound_afterwards", "pytest_configure"]
