"""The health of a backend.

probe   one request: does it respond, does it generate
watch   a thread that probes until the backend is ready, and then whether it stays so
health  from probes to a judgement: healthy, unresponsive or wedged
pulse   progress, read from its metrics
"""
