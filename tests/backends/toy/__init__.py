"""A backend for the tests: a program that is no Python, reads gigabytes of nothing and serves at once."""
