"""No augmentation."""

from __future__ import annotations

from pydantic import field_validator

from tfrun.augment import Augment


class NoAugment(Augment):
    """Rows as they are."""

    @field_validator("views")
    @classmethod
    def _has_nothing_to_vary(cls, value: int) -> int:
        if value:
            raise ValueError("needs random changes, or all copies would be the same: choose an augmentation, as augment=light")
        return value

    @property
    def changes_inputs(self) -> bool:
        return False
