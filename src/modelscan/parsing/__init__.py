"""Untrusted text, JSON and YAML become harmless values, or a reason why not. Pure.

regex       regular expressions, compiled when first asked
text        removes control characters, and cuts
fields      reads single values
json_text   reads JSON documents
yaml_text   reads YAML documents
yaml_nodes  where the parts of a YAML text stand
toml_text   reads TOML documents of the user's own
addresses   whether a host is this machine
modest      how large a value may be
located     a document with the line and column of each key
problems    the reasons for a rejection
"""
