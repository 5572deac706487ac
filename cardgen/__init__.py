"""cardgen keeps one checked, readable card per machine-learning experiment in git."""

__version__ = "0.1.0"
