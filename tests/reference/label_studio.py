"""Lets Label Studio's own package judge the tasks of `fineprint label --format label-studio`, and
writes them as people would export them who agree with every label.

    pip install label-studio-sdk
    fineprint model labelling-config > config.xml
    fineprint label eval/fixtures --format label-studio --output tasks.json
    python tests/reference/label_studio.py config.xml tasks.json exported.json
    fineprint import label-studio exported.json
"""

import json
import sys
from pathlib import Path

from label_studio_sdk.label_interface import LabelInterface

config, tasks, exported = map(Path, sys.argv[1:])
interface = LabelInterface(config.read_text())
interface.validate()
given = json.loads(tasks.read_text())
errors, labels = [], 0
for index, task in enumerate(given):
    # The package's own check of a task calls those of its parts without them.
    if not interface.validate_task({"data": task["data"]}):
        errors.append(f"task {index}: {task['data']}")
    for prediction in task["predictions"]:
        errors += interface._validate_object(prediction, return_errors=True)
        labels += sum(len(choice["value"]["choices"]) for choice in prediction["result"])
    task["id"] = index
    task["annotations"] = [
        {"completed_by": 1, "result": prediction["result"]} for prediction in task["predictions"]
    ]
    if not all(map(interface.validate_annotation, task["annotations"])):
        errors.append(f"annotations of task {index}")
exported.write_text(json.dumps(given))
print(f"{len(given)} tasks, {labels} labels, {len(errors)} errors")
if errors:
    sys.exit(f"Label Studio refuses: {errors[:3]}")
