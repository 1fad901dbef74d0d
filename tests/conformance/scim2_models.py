"""A second oracle for PATCH: random operations, applied by scim2-models here and by the service provider there, must leave the same user.

    SCIM_BASE_URL=… SCIM_TOKEN=… venv/bin/python scim2_models.py [seed]

What scim2-models refuses is not sent: where this service provider is more forgiving is in its own tests. Exits 1 on the first difference.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

# This file is named as the package it runs, and its folder comes first on the path.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

from httpx2 import Client  # noqa: E402
from scim2_models import Context, EnterpriseUser, PatchOp, User  # noqa: E402

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEQUENCES = 60
DERIVED = {"id", "meta", "groups", "schemas"}
Person = User[EnterpriseUser]


def email(rng: random.Random) -> dict:
    value = {"value": f"{rng.choice('abc')}@example.com", "type": rng.choice(["work", "home", "other"])}
    if rng.random() < 0.3:
        value["primary"] = rng.random() < 0.5
    return value


def operation(rng: random.Random) -> dict:
    text = rng.choice(["title", "nickName", "displayName", "locale", f"{ENTERPRISE}:department"])
    part = rng.choice(["givenName", "familyName", "formatted"])
    kind = rng.choice(["work", "home", "other"])
    return rng.choice(
        [
            lambda: {"op": rng.choice(["add", "replace"]), "path": text, "value": rng.choice(["x", "y"])},
            lambda: {"op": "remove", "path": text},
            lambda: {"op": "replace", "path": "active", "value": rng.random() < 0.5},
            lambda: {"op": "replace", "value": {"title": rng.choice(["p", "q"]), "name": {part: "N"}}},
            lambda: {"op": rng.choice(["add", "replace"]), "path": "name", "value": {part: rng.choice(["A", "B"])}},
            lambda: {"op": "remove", "path": f"name.{part}"},
            lambda: {"op": "add", "path": "emails", "value": [email(rng)]},
            lambda: {"op": "replace", "path": "emails", "value": [email(rng)]},
            lambda: {"op": "remove", "path": f'emails[type eq "{kind}"]'},
            lambda: {"op": "replace", "path": f'emails[type eq "{kind}"].display', "value": "d"},
            lambda: {"op": "remove", "path": "emails"},
            lambda: {"op": "remove", "path": "name"},
        ]
    )()


def plain(resource: dict) -> dict:
    """What both hold of a user; an empty extension is none."""
    return {name: value for name, value in resource.items() if name not in DERIVED and value not in ({}, [], None)}


def shown(person) -> dict:
    return plain(person.model_dump(scim_ctx=Context.DEFAULT))


def same_pair_twice(resource: dict) -> bool:
    """RFC 7643 section 2.4: one pair of type and value should not be there twice. Here it is updated in place, there appended."""
    pairs = [(value.get("type"), value.get("value")) for value in resource.get("emails", [])]
    return len(pairs) != len(set(pairs))


def main() -> int:
    base, token = os.environ.get("SCIM_BASE_URL", "").rstrip("/"), os.environ.get("SCIM_TOKEN", "")
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1_000_000)
    print(f"seed {seed}")
    rng = random.Random(seed)
    compared = 0
    with Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
        for number in range(SEQUENCES):
            body = {"schemas": [CORE], "userName": f"oracle-{seed}-{number}", "active": True}
            made = http.post(f"{base}/Users", json=body)
            assert made.status_code == 201, made.text
            url = f"{base}/Users/{made.json()['id']}"
            person = Person.model_validate(body)
            for _ in range(6):
                operations = [operation(rng) for _ in range(rng.randint(1, 3))]
                message = {"schemas": [PATCH_OP], "Operations": operations}
                after = person.model_copy(deep=True)
                try:
                    patch = PatchOp[Person].model_validate(message, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
                    patch.patch(after)
                except Exception as refused:  # noqa: BLE001: whatever it does not take is not compared
                    print(f"not compared: {type(refused).__name__}")
                    continue
                if same_pair_twice(shown(after)):
                    continue
                answer = http.patch(url, json=message)
                there = plain(http.get(url).json())
                if answer.status_code not in (200, 204) or there != shown(after):
                    print(f"{operations}\n  on {shown(person)}\n  is {there} ({answer.status_code})\n  not {shown(after)}")
                    return 1
                person = after
                compared += 1
    print(f"{compared} PATCHes compared")
    return 0 if compared > SEQUENCES else 1


if __name__ == "__main__":
    sys.exit(main())
