"""Runs every check of scim2-tester against a SCIM service provider, one line a check; exits 1 on any failed check.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    SCIM_BASE_URL=https://grafana/api/plugins/rollcall-scim-app/resources/scim/v2 SCIM_TOKEN=glsa_… venv/bin/python scim2_tester.py

The store must be empty or small: some checks look for what they made on the first page of a list.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

# This file is named as the package it runs, and its folder comes first on the path.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

from httpx2 import Client  # noqa: E402
from scim2_client.engines.httpx2 import SyncSCIMClient  # noqa: E402
from scim2_tester import Status, check_server  # noqa: E402

# With User, EnterpriseUser and Group published there are this many; fewer means that something is not published any more, and what
# is not published is not checked.
EXPECTED_CHECKS = 135



def is_kept_out(result) -> bool:
    """Whether a `remove` of `active` was answered with `active: false` as it was.

    The tester gives `active` a random value. Missing counts as true, so removing it from a deactivated person would let that person in:
    there it is no change (RFC 7643 section 4.1.1 leaves what a missing `active` means to the service provider).
    """
    data = result.data if isinstance(result.data, dict) else {}
    urn = str(data.get("urn", "")).lower()
    return "remove" in result.title and urn.split(":")[-1] == "active" and data.get("initial_value") is False


PASSED = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}


def main() -> int:
    base_url, token = os.environ.get("SCIM_BASE_URL", "").rstrip("/"), os.environ.get("SCIM_TOKEN", "")
    if not base_url:
        print("set SCIM_BASE_URL (and SCIM_TOKEN)")
        return 2
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with Client(base_url=base_url, headers=headers, timeout=60) as http:
        results = check_server(SyncSCIMClient(http))
    for result in results:
        about = f" ({result.resource_type})" if result.resource_type else ""
        reason = "" if result.status in PASSED else " (kept out, as meant)" if is_kept_out(result) else f": {' '.join(str(result.reason).split())}"
        print(f"{result.status.name:10} {result.title}{about}{reason}")
    tally = Counter(result.status.name for result in results)
    failed = [result for result in results if result.status not in PASSED and not is_kept_out(result)]
    print(f"{len(results)} checks: " + ", ".join(f"{count} {name}" for name, count in sorted(tally.items())))
    if len(results) < EXPECTED_CHECKS:
        print(f"only {len(results)} checks ran; {EXPECTED_CHECKS} were expected")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
