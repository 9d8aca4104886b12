"""What a backend writes: `pump` takes it, `log_file` keeps it within bounds, `logs` reads it again."""
