"""What names mean (pure).

words       the words that matter (generated from `catalogs/words.csv`)
languages   words of other languages (generated)
translated  a text in other languages, in English
plainly     a name out of a sentence, or written too closely
names       split a name into words and compare names
asked       parse what a user types
owners      whose model a name says it is
matching    the ladder of agreements between two names
family      which members of a family a name means
lookup      what an index answers about a name
resolution  what a name means
identity    from what a user types to one model
described   names that say what a model is, or which of several
twins       notes on weights before and after tuning
drafting    names of drafters, and of which model
questions   what is said where a name means no one model
spelling    edit distance, to correct typos
tasks       infer a model's task where no source states it
"""
