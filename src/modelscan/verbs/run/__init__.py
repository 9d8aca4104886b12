"""Asking a deployed model.

run  the deployment that answers, and its streamed answer
"""
