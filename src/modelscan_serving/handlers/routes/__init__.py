"""A module per kind of request.

request     what all share: the JSON of a body, the model it names, a call that ends when the client leaves
embeddings  vectors
bounds      what an answer is bound to: a form, tools
chat        answers, whole or as they come
speech      transcriptions and translations
rerank      documents by their relevance, and scores of pairs
images      pictures
"""
