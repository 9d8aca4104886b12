"""Text, JSON and YAML of strangers become harmless values, or a reason why not. Pure.

`text` cleans, `fields` reads single values, `json_text` and `yaml_text` read documents, `problems` are the reasons.
"""
