import numpy as np
import tensorflow as tf

from tfrun.backbone.none import NoBackbone


def test_the_input_is_flattened_and_there_is_nothing_to_train():
    layer, facts = NoBackbone().build((4, 4, 3))
    assert layer(np.ones((2, 4, 4, 3), "float32")).shape == (2, 48)
    assert facts.handle == "none" and "training=frozen" in str(NoBackbone().refuses_training())


def test_maps_stay_maps_where_asked():
    from tfrun.backbone.layer import compiled

    for flatten, shape in ((True, (2, 60)), (False, (2, 4, 5, 3))):
        backbone = NoBackbone(flatten=flatten)
        layer, _ = backbone.build((4, 5, 3))
        assert compiled(layer, (4, 5, 3))(tf.zeros((2, 4, 5, 3))).shape == shape
    assert NoBackbone().identity() != NoBackbone(flatten=False).identity()
