"""Measurements, as ratios against something run side by side. Never part of the tests."""
