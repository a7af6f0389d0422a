"""After the export: a repository of versions that TensorFlow Serving reads, and trying a server that answers."""
