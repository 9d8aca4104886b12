"""Making it reachable: public names and the endpoints behind them.

table         which entries are ours, and what has to change (pure)
marked        the names of our entries, read without parsing YAML
nodes         the positions of the parts of the file in its text (pure)
text          the edit itself, in the user's own text (pure)
file          routing.yaml: read, lock, replace atomically, keep a backup
litellm_file  a configuration of LiteLLM that we wrote, replaced whole
addresses     of servers that speak OpenAI's protocol (pure)
ollama        where the user's Ollama answers, and what it calls its models (pure)

For the gateway:

names          the user's aliases, fallbacks and weights (pure)
names_file     names.toml, which keeps them beside routing.yaml
names_edit     changes of it, with the user's comments kept
compiled       every name a client may use, and what serves it (pure)
gateway_files  the gateway's files, and the compiled table among them
"""
