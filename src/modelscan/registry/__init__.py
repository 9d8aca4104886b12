"""Models of one's own: what users, files and seeds say of models that they make or change.

words       types, handlers and runtimes in the words of others
readers     single values of an entry
entry       one entry as it is written, and what it states
seeds       the entries in environment variables
layers      what several sources state of one model, the strongest over the weaker
store       what seeds and the user said, in the state database
documents   what is stated as the document of a seed
editing     what the user changes
seeding     what a seeding does to a row
seed        a seeding: from the variables to the rows
seeding_log  keeps those lines
telling     the lines that tell of a seeding
files       where the user's own lists are
lists       the entries of our own list, and how those of any list are read
local_lists the entries of the user's lists
registered  all of them together
changed     the same at a glance: when it last changed
"""
