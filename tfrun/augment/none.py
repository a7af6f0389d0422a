"""No augmentation."""

from tfrun.augment import Augment


class NoAugment(Augment):
    """Rows as they are."""

    @property
    def changes_inputs(self) -> bool:
        return False

    def apply(self, inputs, seed):
        return inputs
