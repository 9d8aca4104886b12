"""Documents as text for people: one module per document."""
