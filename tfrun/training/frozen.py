"""Only the head is trained."""

from tfrun.training import Phase, Training


class Frozen(Training):
    """Backbone fixed: its features are computed once, unless augmentation changes the inputs."""

    def phases(self):
        return (Phase(name="frozen", epochs=self.epochs),)
