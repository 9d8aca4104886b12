"""Command lines, whatever the backend: `words` reads arguments, `folding` takes those a plan counts into the request,
`allowed` lets the listed ones pass, `history` brings them to a version's form, `command` has what all lines share.
"""
