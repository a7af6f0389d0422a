import numpy as np

from tfrun.backbone.none import NoBackbone


def test_the_input_is_flattened_and_there_is_nothing_to_train():
    layer, facts = NoBackbone().build((4, 4, 3))
    assert layer(np.ones((2, 4, 4, 3), "float32")).shape == (2, 48)
    assert facts.handle == "none" and "training=frozen" in str(NoBackbone().refuses_training())
