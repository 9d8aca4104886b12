"""What names mean. Pure.

`words` are the words that matter, made from `catalogs/words.csv`; `names` takes a name apart by them, `asked` what a
user types; `matching` is the ladder of agreements between two names, `family` what a name without a size means,
`identity` the way from what was typed to one model, over what `lookup` says an index answers. `spelling` finds typos;
`tasks` is what a model is for, where no source says it.
"""
