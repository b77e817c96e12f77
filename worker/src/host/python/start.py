"""Entry point of the migration host: run with the interpreter of the suite's environment."""

import sys

if sys.version_info < (3, 8):
    sys.exit("mrt needs Python 3.8 or newer to run migrations, this is %d.%d" % sys.version_info[:2])

from mrt_host import guard

# The `alembic` command does not have our directory on its path either.
del sys.path[0]
guard.main()
