"""One door per effect; nothing else in the program opens it.

clock       time and sleeping
deadline    a time limit over several steps
http        documents over HTTP, from `file:` or a path
streaming   responses read line by line
relay       requests passed on, both bodies as they come
retry       retry schedules
threads     the same for many, several at a time
processes/  starting programs, and knowing whose a process is
"""
