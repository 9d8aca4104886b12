"""The page: rendered here, moved by htmx and the event stream in the browser.

rendering  templates, and headers that allow nothing foreign
templates/ static/  what is rendered, and what the browser loads
"""
