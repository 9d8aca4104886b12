"""The tables of the index.

Bump `storage.paths.INDEX_FORMAT` with any change here: an index is disposable and never migrated.
"""

from __future__ import annotations

from modelscan.storage.paths import INDEX_FORMAT

SHIPPED_NAME = f"index-v{INDEX_FORMAT}.sqlite"
APPLICATION_ID = 0x6D736978  # "msix": a file that is not ours is refused at once

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (name TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
-- Narrow, because searches read it row by row, and numbered from the best known model to the least known, so that
-- they can stop at the first rows that fit; what a model's page shows is in `documents`.
CREATE TABLE models (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,            -- the words of its name
    lab TEXT,
    task TEXT NOT NULL,
    open INTEGER,                 -- 1, 0 or unknown
    weights INTEGER NOT NULL,     -- whether a repo is known
    parameters INTEGER,
    active_parameters INTEGER,
    context INTEGER,              -- as sources state it
    native_context INTEGER,       -- of the weights' config.json
    least_bytes INTEGER,          -- of its weights' files, in the smallest form and in the largest
    most_bytes INTEGER,
    license TEXT,
    offers INTEGER NOT NULL,      -- hosts that offer it: how popular it is
    released TEXT,
    tags TEXT NOT NULL,           -- with spaces around each, also capabilities
    sources TEXT NOT NULL,        -- likewise
    repo TEXT                     -- of its best weights
);
CREATE TABLE documents (number INTEGER PRIMARY KEY, document TEXT NOT NULL);
-- `model` is empty for what is kept of a source besides its models
CREATE TABLE records (source TEXT NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL, raw TEXT NOT NULL);
CREATE INDEX records_model ON records (model);
CREATE TABLE aliases (text TEXT NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL, PRIMARY KEY (text, kind, model))
    WITHOUT ROWID;
CREATE TABLE rungs (key TEXT NOT NULL, rung INTEGER NOT NULL, model TEXT NOT NULL, PRIMARY KEY (key, rung, model))
    WITHOUT ROWID;
CREATE TABLE families (key TEXT PRIMARY KEY, model TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE labs (alias TEXT PRIMARY KEY, lab TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE vocabulary (term TEXT PRIMARY KEY, models INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE stumps (stump TEXT NOT NULL, term TEXT NOT NULL, PRIMARY KEY (stump, term)) WITHOUT ROWID;
CREATE VIRTUAL TABLE texts USING fts5 (
    name, words, content='', columnsize=0, prefix='2 3', tokenize="unicode61 remove_diacritics 2 tokenchars '.+#'"
);
"""
