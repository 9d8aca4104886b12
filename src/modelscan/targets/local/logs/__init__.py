"""The output of a backend.

pump      from the pipe to the log, within bounds and without secrets
log_file  the files of the log, rotated by size
logs      reading them: the last lines, from a given time, or as they grow
"""
