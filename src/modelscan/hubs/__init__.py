"""Where weights live, and bringing them here.

`protocol` says what there is to ask for: who describes weights (`Describes`), who fetches them too (`Fetches`), and
which are in a folder or are streamed, so that nobody fetches them. `places` finds the one for a source.

- `huggingface`, `modelscope`: how each hub is asked, and the cache of its own tools; `remote`: the same for both;
- `folder`, `s3`: weights that the user put there; `describing`: a description from a listing, for all but folders;
- `transfer`: getting files, going on where it stopped, checking them; `preflight`: what must be so before;
- `memory`: what hubs said, per commit; `ledger`: what we fetched, whose code may run; `stored`: what the caches hold;
- `tokens`: the user's logins; `refusals`: what a hub's refusal means; `files`: the words they share.
"""
