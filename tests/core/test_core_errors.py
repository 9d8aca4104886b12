from __future__ import annotations

from modelscan.errors import error_classes

# Scripts branch on these: a change here is a change of the interface.
CODES = {
    "error": 1,
    "config_invalid": 1,
    "interrupted_before": 1,
    "state_damaged": 1,
    "state_too_new": 1,
    "storage_failed": 1,
    "usage": 2,
    "deployment_not_found": 3,
    "gpu_not_found": 3,
    "model_ambiguous": 3,
    "model_not_found": 3,
    "no_fit": 4,
    "closed_weights": 5,
    "gated": 6,
    "source_unavailable": 6,
    "unauthorized": 6,
    "backend_failed": 7,
    "backend_not_installed": 7,
    "timeout": 7,
    "conflict": 8,
    "interrupted": 130,
}


def test_codes_and_statuses_are_a_promise() -> None:
    assert {cls.code: cls.exit_status for cls in error_classes()} == CODES
