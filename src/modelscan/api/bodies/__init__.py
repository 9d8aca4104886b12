"""What requests may say.

playground  of the Playground API
"""
