"""What is done to deployments that are there: logs, events, wait, restart, remove. Start and stop are in `running`."""
