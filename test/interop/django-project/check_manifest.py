"""Asks Django about each thing of a manifest on stdin; prints what it checked, and what Django sees otherwise.

The manifest tells what another program has written into the database of $DATABASE_URL.
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

import checks  # noqa: E402 (Django must be set up before its models are loaded)

manifest = json.load(sys.stdin)
checked, failures = {}, []
for name, check in checks.CHECKS.items():
    entries = manifest.get(name, [])
    checked[name] = len(entries)
    for entry in entries:
        try:
            fault = check(entry)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is told)
            fault = f"{type(error).__name__}: {error}"
        if fault:
            failures.append(f"{name}: {fault}: {json.dumps(entry, ensure_ascii=False)}")

unknown = sorted(set(manifest) - set(checks.CHECKS) - {"secret_key"})
failures += [f"{name}: nobody knows how to check this" for name in unknown]
json.dump({"checked": checked, "failures": failures}, sys.stdout)
