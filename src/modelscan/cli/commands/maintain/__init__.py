"""Keeping modelscan itself in order: backends, settings, logins, the doctor, schemas."""
