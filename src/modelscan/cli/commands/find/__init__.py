"""Commands that look: the catalogs, this machine, a plan."""
