"""With what one signs in to a demonstration."""

from collections.abc import Mapping

PASSWORD = "hoa-sen-dem-2021"  # nosec B105
"""The password of every demonstration account, known to all (docs/scenarios.md): a demonstration is
served to its own machine alone."""


def demonstration_password(environ: Mapping[str, str]) -> str:
    """Return the password of the demonstration accounts: `DEMO_PASSWORD`, else the known one."""
    return environ.get("DEMO_PASSWORD") or PASSWORD
