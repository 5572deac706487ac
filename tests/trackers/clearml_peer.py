"""What ClearML's own client reads: python clearml_peer.py SESSION…, against a server.

Imports each session (a folder or zip) with the client, reads the task that came of it with the
client, and prints a JSON object a line. A process of its own, for the client leaves threads.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from clearml import Task


def describe(task: Task) -> dict[str, Any]:
    script = task.data.script
    return {
        "id": task.id,
        "name": task.name,
        "project": task.get_project_name(),
        "tags": task.get_tags(),
        "comment": task.comment,
        "status": str(task.get_status()),
        "parameters": task.get_parameters(cast=True),
        "scalars": task.get_all_reported_scalars(),
        "single": task.get_reported_single_values(),
        "properties": task.get_user_properties(value_only=True),
        "artifacts": {name: item.size for name, item in task.artifacts.items()},
        "models": [[model.name, model.framework] for model in task.models["output"]],
        "url": task.get_output_log_web_page(),
        "script": script.to_dict() if script else {},
    }


for session in sys.argv[1:]:
    task_id = Task.import_offline_session(session)
    task = Task.get_task(task_id=task_id)
    print("PEER" + json.dumps(describe(task), default=lambda _: None), flush=True)
