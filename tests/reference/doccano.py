"""Round trip through doccano itself: imports the lines of `fineprint label --format doccano`, and
writes what doccano exports, one file an annotator.

    pip install doccano==1.8.4 "marshmallow<4" "numpy<2" "pandas<2" "setuptools<81"
    fineprint label eval/fixtures --format doccano --output lines.jsonl
    python tests/reference/doccano.py lines.jsonl exported
    fineprint import doccano exported/*.jsonl
"""

import os
import sys
import tempfile
from pathlib import Path

lines, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
os.environ["DATABASE_URL"] = f"sqlite:///{tempfile.mkdtemp()}/doccano.sqlite3"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

import backend  # noqa: E402

sys.path.insert(0, str(Path(backend.__file__).parent))
import django  # noqa: E402

django.setup()
from django.core.management import call_command  # noqa: E402

call_command("migrate", verbosity=0)

from data_export.celery_tasks import create_individual_dataset  # noqa: E402
from data_export.pipeline.factories import create_formatter, create_writer  # noqa: E402
from data_import.datasets import load_dataset  # noqa: E402
from data_import.pipeline.catalog import create_file_format  # noqa: E402
from data_import.pipeline.readers import FileName  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from examples.models import Example  # noqa: E402
from labels.models import Category  # noqa: E402
from projects.models import Member, ProjectType, TextClassificationProject  # noqa: E402
from roles.models import Role  # noqa: E402

call_command("create_roles")
user = get_user_model().objects.create_user("annotator")
project = TextClassificationProject.objects.create(
    name="fineprint", project_type=ProjectType.DOCUMENT_CLASSIFICATION, created_by=user
)
Member.objects.create(project=project, user=user, role=Role.objects.first())

name = FileName(full_path=str(lines), generated_name=lines.name, upload_name=lines.name)
form = create_file_format("JSONL")
data = load_dataset(ProjectType.DOCUMENT_CLASSIFICATION, form, [name], project)
data.save(user)
given = sum(1 for line in lines.read_text().splitlines() if line.strip())
found = Example.objects.filter(project=project).count()
labels = Category.objects.filter(example__project=project).count()
print(f"{given} lines, {found} examples, {labels} labels, {len(data.errors)} errors")
folder.mkdir(parents=True, exist_ok=True)
create_individual_dataset(
    project, str(folder), False, create_formatter(project, "JSONL"), create_writer("JSONL")
)
if data.errors or found != given:
    sys.exit(f"doccano refuses lines: {[error.dict() for error in data.errors[:3]]}")
