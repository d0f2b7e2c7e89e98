"""``python -m lozenge.cli``."""

import sys

from lozenge.cli import main

sys.exit(main())
