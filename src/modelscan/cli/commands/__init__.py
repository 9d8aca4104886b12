"""One module per command or group: it parses, calls one operation and hands the result to a view."""
