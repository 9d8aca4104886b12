"""The side of the client: connections, what they may send, and what is answered without an endpoint.

connection  one connection of a client: parsing, pipelining, limits, backpressure
request     a request as far as it has been read
repeated    a head that comes again on its connection is not read again (pure)
framing     what a request's head must be like (pure)
paths       which paths there are, and where each leads (pure)
answers     answers of our own: errors in OpenAI's shape, JSON, text (pure)
"""
