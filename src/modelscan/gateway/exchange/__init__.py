"""One request from its head to the end of its answer.

exchange  its life: whose it is, who serves it, what is tried again, how it ends
carried   the part of it that goes to the endpoint
surroundings  what of the gateway it happens in
held      an error of an endpoint, which is told as the gateway tells errors (pure)
watch     whether upstreams answer, asked now and then
reply     the part of it that goes to the client
incoming  its body, as it comes and as it is carried on
local     what the gateway answers by itself
passed    what goes to the HTTP API as it is
"""
