"""From a model name to a healthy, right-sized endpoint, explained."""

__version__ = "0.1.0"
