"""What can be run: every source in one index, found by name.

- `sources`: what others list, each parsed into records;
- `naming`: what names mean, and when two mean one model (pure);
- `merging`: records become models, with where every field is from (pure);
- `index`: the models in one SQLite file: built, opened, searched, the user's own files laid over it;
- `refresh`: the sources fetched anew, what ships with the program, and what a refresh changed.
"""
