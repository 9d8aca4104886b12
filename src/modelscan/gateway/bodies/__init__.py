"""What a request's body says, and how little of it is changed. Pure.

peek       the model that a JSON body names, so that what was authorised is what the endpoint reads
multipart  the same of a form, while its file passes by
rewriting  another name for the endpoint, defaults that the request leaves open
usage      the tokens that an answer says it took
"""
