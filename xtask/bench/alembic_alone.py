"""Takes each revision of the chain up, down and up again with Alembic, in one process that has read the chain once.

No rows, no copies, nothing compared: what is left is the work of the migrations themselves. Prints seconds.
"""

import logging
import os
import time

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

logging.disable(logging.CRITICAL)
config = Config("alembic.ini")
config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"].replace("%", "%%"))
script = ScriptDirectory.from_config(config)
revisions = [found.revision for found in script.walk_revisions()]


def run(steps):
    with EnvironmentContext(config, script, fn=lambda heads, context: steps(heads)):
        script.run_env()


start = time.monotonic()
for revision in reversed(revisions):
    run(lambda heads: script._upgrade_revs(revision, heads))
    run(lambda heads: script._downgrade_revs("-1", heads))
    run(lambda heads: script._upgrade_revs(revision, heads))
print("%.3f" % (time.monotonic() - start))
