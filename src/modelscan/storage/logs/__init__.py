"""The output of a supervised program.

pump      from the pipe to the log, within bounds and without secrets
log_file  the files of the log, rotated by size
reading   the last lines, from a given time, or as they grow
"""
