"""From a name to an answer: `deploy`, `run`."""
