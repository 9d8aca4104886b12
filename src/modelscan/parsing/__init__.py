"""Untrusted text, JSON and YAML become harmless values, or a reason why not. Pure.

text       removes control characters, and cuts
fields     reads single values
json_text  reads JSON documents
yaml_text  reads YAML documents
problems   the reasons for a rejection
"""
