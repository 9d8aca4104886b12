"""What requests may say.

words       single values, and what every body has in common
deploying   what to plan or to deploy
searching   what to look for in the catalog
registering models of one's own
playground  of the Playground API
"""
