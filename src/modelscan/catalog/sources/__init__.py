"""One module per source: `parse` turns its payload into records, and a bad entry costs only itself."""
