"""The routes of all pages."""

from __future__ import annotations

from modelscan.api.page import activity, assets, chat, deployment, find, home, passing, plan, session

PAGES = tuple(module.router for module in (session, assets, home, find, plan, deployment, chat, passing, activity))
