"""Asking a deployed model.

run  the deployment that answers, and its answer, piece by piece
"""
