"""Deployments that are there: shown, waited for, started, stopped, removed."""
