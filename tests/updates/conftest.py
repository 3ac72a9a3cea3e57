"""What pytest is not to import here: a script that runs in a process of its own, with another backend of Keras."""

collect_ignore = ["keras_graphs.py"]
