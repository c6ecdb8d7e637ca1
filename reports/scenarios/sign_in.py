"""With what one signs in to a demonstration."""

from collections.abc import Mapping

PASSWORD = "hoa-sen-dem-2021"  # nosec B105 - known to all, see docs/scenarios.md
"""The password of every demonstration account; only its own machine is served a demonstration."""


def demonstration_password(environ: Mapping[str, str]) -> str:
    """Return the password of the demonstration accounts: `DEMO_PASSWORD`, else the known one."""
    return environ.get("DEMO_PASSWORD") or PASSWORD
