"""`python -m config.probe URL`: exit 0 where it answers 200; for images without curl."""

import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit


def main() -> int:
    """Ask once, under a name that every installation answers to."""
    url = urlsplit(sys.argv[1])
    connection = HTTPConnection(url.hostname or "127.0.0.1", url.port or 80, timeout=4)
    try:
        connection.request("GET", url.path or "/", headers={"Host": "localhost"})
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
