"""One server for several models of any kind, over the routes of OpenAI, Cohere, Jina and vLLM.

arguments   its command line
protocols   what a model's class must be able to do, and what it answers
checking    whether a class can, before anything is loaded
own_class   a class of the user's own, by its dotted path, once it was agreed to
loading     the models, one after the other, while the socket is open
slots       calls of a model: how many at once, each with a way to end it
server      the application: routes, health, metrics, the list of models
doors       what stands before every route: key, size of bodies, loading
errors      what a client is told that went wrong
subtitles   srt and vtt
pictures    images of requests: data URLs, and remote ones where that is allowed
remote      fetching these without reaching into a private network
routes/     a module per kind of request
ours/       our own classes; torch and the rest is imported by the one that is used
"""
