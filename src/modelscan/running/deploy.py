"""`deploy`, step by step: model, machine, plan, backend, record, start, route."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping
from typing import Any

from modelscan import dataclasses
from modelscan.backends.arguments.allowed import refuse_secrets
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.deployments.claims import when_idle, with_memory_back
from modelscan.deployments.document import deployment_of
from modelscan.deployments.naming import deployment_name
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.preparing import preparation_stopped
from modelscan.errors import Conflict, NoFit, Usage
from modelscan.model import Candidate, Deployment, Hardware, Installation, ModelInProcess, Pricing
