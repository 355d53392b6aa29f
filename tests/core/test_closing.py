"""What a `with` block owns is closed once it ends."""

from dataclasses import dataclass, field

import pytest

from speechtrt.closing import Closing


@dataclass(slots=True)
class Door(Closing):
    """Counts how often it was closed."""

    closed: int = field(default=0)

    def close(self) -> None:
        self.closed += 1


def test_the_block_gets_the_resource_itself_and_closes_it() -> None:
    with Door() as door:
        assert door.closed == 0
    assert door.closed == 1


def test_an_error_passes_through_and_closes_too() -> None:
    door = Door()
    with pytest.raises(ValueError, match="inside"), door:
        raise ValueError("inside")
    assert door.closed == 1


def test_what_cannot_be_closed_cannot_be_made() -> None:
    class Wall(Closing):
        pass

    with pytest.raises(TypeError, match="close"):
        Wall()  # type: ignore[abstract]
