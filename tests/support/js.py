"""The AWS SDK for JavaScript v3, for tests: its scripts and their packages."""

import subprocess

from support.kansoku import ROOT

JS = ROOT / "tests" / "interop" / "js"


def install_js():
    if not (JS / "node_modules" / "@aws-sdk" / "client-cloudwatch-logs").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=JS,
                       check=True, capture_output=True)
