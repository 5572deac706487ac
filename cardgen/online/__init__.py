"""Asks whether what cards name is still there: runs, registered models, models and data on the Hub.

    mentions = find_mentions(config, facts)
    problems = check_online(config, mentions)

Asked are the servers that settings and environment name, huggingface.co, and local stores. Each
distinct thing is asked after once, by a few workers, within one deadline for all.
"""

from __future__ import annotations

from cardgen.online.asking import SECONDS, ask_all
from cardgen.online.mentions import Mention, Thing, find_mentions
from cardgen.online.reporting import check_online, count_things

__all__ = [
    "SECONDS",
    "Mention",
    "Thing",
    "ask_all",
    "check_online",
    "count_things",
    "find_mentions",
]
