"""What a deployment may ask of the warm worker: a module's flow, and nothing per process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect.workers.base import BaseJobConfiguration
from pydantic import PrivateAttr

from signoff.errors import ConfigurationError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.responses import DeploymentResponse


NO_VARIABLES = {
    "job_configuration": {"labels": {}},
    "variables": {"type": "object", "properties": {}},
}
"""The base job template of a pool for this worker: there is no job whose settings could vary.

Prefect's server holds each new run against the variables' schema; for the usual ones that takes
half of its time to create a run.
"""


class SignoffJobConfiguration(BaseJobConfiguration):
    """Notes what was asked for; all runs share one process, so most of it is refused."""

    _deployment: DeploymentResponse | None = PrivateAttr(default=None)
    _environment: list[str] = PrivateAttr(default_factory=list)
    _command: str | None = PrivateAttr(default=None)

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        *_others: Any,
        **_more: Any,
    ) -> None:
        """Note what was asked for, of which Prefect would make a process's variables and command.

        The worker's own pool knows no variables (see ``NO_VARIABLES``), another may.
        """
        self._deployment = deployment
        of_deployment = (deployment.job_variables if deployment else None) or {}
        asked: dict[str, Any] = of_deployment | (flow_run.job_variables or {})
        dotted = {name.removeprefix("env.") for name in asked if name.startswith("env.")}
        self._environment = sorted({*self.env, *(asked.get("env") or ()), *dotted})
        self._command = self.command or asked.get("command")

    def module(self) -> str:
        """The entrypoint: a module's flow, such as ``flows.extract.extract``.

        Raises:
            ConfigurationError: the deployment wants what a thread cannot give.
        """
        deployment = self._deployment
        if deployment is None:
            raise ConfigurationError("The signoff worker runs deployments only.")
        if deployment.pull_steps:
            raise ConfigurationError(
                f"The deployment {deployment.name!r} has pull steps, which change the whole"
                " process. Use `pull: []` in prefect.yaml, or a process worker."
            )
        if self._environment:
            raise ConfigurationError(
                f"The deployment {deployment.name!r}, its run or its work pool sets environment"
                f" variables ({', '.join(self._environment)}), and all runs of the signoff"
                " worker share one environment. Set them where the worker is started, or use a"
                " process worker."
            )
        if self._command is not None:
            raise ConfigurationError(
                f"The deployment {deployment.name!r}, its run or its work pool sets a command"
                f" ({self._command}); the signoff worker starts no process. Use a process"
                " worker."
            )
        if not deployment.entrypoint or ":" in deployment.entrypoint:
            raise ConfigurationError(
                f"The deployment {deployment.name!r} names a file as its entrypoint"
                f" ({deployment.entrypoint}). The signoff worker runs installed modules, such as"
                " flows.extract.extract; use a process worker for files."
            )
        return deployment.entrypoint
