"""The warm worker: runs flow runs in threads of one process that has the code loaded.

``prefect worker start --type signoff`` finds it; ``signoff serve`` starts it. Stock process,
Docker and Kubernetes workers run the same flows.
"""

from signoff.worker.worker import SignoffWorker

__all__ = ["SignoffWorker"]
