"""2,000 random expressions over random data: Debian's prometheus (2.42) and kansoku answer the same to 1e-9.

build/PRESET/random_promql writes both, restricted to what 2.42 and 3.x agree on; KANSOKU_SEED asks for others. What
2.42 refuses because two series differ only in their name is not compared: 3.x drops names at the end of a query.
"""

import http.client
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench"))
from support.kansoku import BINARY, Server, wait_until  # noqa: E402

PROMETHEUS = shutil.which("prometheus")
GENERATOR = BINARY.parent / "fuzz" / "promql_random" / "random_promql"
SEED = int(os.environ.get("KANSOKU_SEED", "42"))
QUERIES = 2_000
WEEK_S = 7 * 86_400
RELATIVE = 1e-9
