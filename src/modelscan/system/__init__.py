"""The doors to the world, one for each effect; nothing else opens them.

clock       time, and waiting
http        documents over HTTP, from `file:` or a path
streaming   answers that come line by line
retry       when asking again can help
processes/  starting programs, and knowing whose a process is
"""
