"""Getting files: `transfer` gets many `parts` at once and goes on where it stopped, `meter` counts the bytes, `verify`
compares what is here with what a hub lists, `disk` asks for room.
"""
