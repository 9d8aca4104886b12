"""Putting our entries into a user's file, so that every other byte stays. Pure: text in, text out.

edits     an edit of a text, and taking edits back from a text that was changed since
jsonc     JSON with comments: where each part stands
put_json  values at places of a JSON file
take_json values taken out of a JSON file that its program has written anew
put_yaml  values and list entries of a YAML file
"""
