"""For each entry on stdin: what simplejwt reads in its token, and a token that simplejwt makes of its claims."""

import json
import sys

import jwt
from django.conf import settings

settings.configure(SECRET_KEY="x" * 50, USE_TZ=True)

from rest_framework_simplejwt import backends  # noqa: E402 (Django must be set up first)


def answer(entry):
    algorithm, signing, verifying = entry["algorithm"], entry["signing_key"], entry["verifying_key"]
    if algorithm in backends.ALLOWED_ALGORITHMS:
        backend = backends.TokenBackend(algorithm, signing, verifying)
        return {"payload": backend.decode(entry["token"]), "token": backend.encode(entry["claims"])}
    # Newer releases take these, and leave them to the same library.
    payload = jwt.decode(entry["token"], verifying, algorithms=[algorithm])
    return {"payload": payload, "token": jwt.encode(entry["claims"], signing, algorithm=algorithm)}


json.dump([answer(entry) for entry in json.load(sys.stdin)], sys.stdout)
