"""Making it reachable: public names and the endpoints behind them.

table  which entries are ours, what has to change (pure)
nodes  where the parts of the file stand in its text (pure)
text   the change itself, in the user's own text (pure)
file   routing.yaml: read, lock, replace in one step, keep the last version
"""
