"""Takes each revision of the chain up, down and up again with Alembic's own commands, in one process.

No rows, no copies, nothing compared: what is left is the work of the migrations themselves. Prints seconds.
"""

import logging
import os
import time

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

logging.disable(logging.CRITICAL)
config = Config("alembic.ini")
config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"].replace("%", "%%"))
revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
start = time.monotonic()
for revision in reversed(revisions):
    command.upgrade(config, revision)
    command.downgrade(config, "-1")
    command.upgrade(config, revision)
print("%.3f" % (time.monotonic() - start))
