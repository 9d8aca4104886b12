"""Maintaining modelscan itself.

backend    `backend list`, `show` and `remove`
install    `backend install`
config     `config show`, `get` and `path`
configure  `config set` and `unset`
doctor     `doctor`
help       `help`
login      `login` and `logout`
schema     `schema`
"""
