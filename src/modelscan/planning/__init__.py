"""What fits best, and why: values in, a Plan out. No disk, clock, network, process or environment."""
