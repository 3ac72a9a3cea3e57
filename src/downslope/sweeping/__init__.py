"""Many descents at once: lanes of runs, settings, what became of each, and the learning rate that suits."""
