"""What DVC's own API reads of a project, as JSON: python dvc_peer.py ROOT REVISION...

For each revision its params and metrics, and all experiments with their columns.
"""

from __future__ import annotations

import json
import sys

import dvc.api
from dvc.exceptions import DvcException


def find_experiments(root: str) -> list[dict[str, object]]:
    """The table of experiments; it cannot be made where a file on disk is torn."""
    try:
        return list(dvc.api.exp_show(repo=root))
    except (DvcException, KeyError):
        return []


def main() -> None:
    root, *revisions = sys.argv[1:]
    print(
        json.dumps(
            {
                "params": {r: dvc.api.params_show(repo=root, rev=r) for r in revisions},
                "metrics": {r: dvc.api.metrics_show(repo=root, rev=r) for r in revisions},
                "experiments": find_experiments(root),
            },
            default=str,
        )
    )


if __name__ == "__main__":
    main()
