"""How the web server runs, on one machine and in a container; the address comes by `--bind`."""

import os
import tempfile

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)
preload_app = True  # loaded once, and a worker that died is back at once
timeout = 30  # seconds; a request is over long before (STATEMENT_TIMEOUT)
graceful_timeout = 8
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
# The heartbeat must not wait for a busy disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()  # nosec B108
loglevel = "warning"
accesslog = None
