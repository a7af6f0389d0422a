"""TensorFlow, for SavedModels."""


def start():
    import tensorflow as tf

    def load(path, signature):
        function = tf.saved_model.load(path).signatures[signature]

        def predict(rows):
            batch = {name: tf.constant(values) for name, values in rows.items()}
            return {key: value.numpy() for key, value in function(**batch).items()}

        return predict

    return load
