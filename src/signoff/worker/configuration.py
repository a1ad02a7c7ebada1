"""What a deployment may ask of the warm worker: a module's flow, and nothing per process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect.workers.base import BaseJobConfiguration
from pydantic import PrivateAttr

from signoff.errors import ConfigurationError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.responses import DeploymentResponse


class SignoffJobConfiguration(BaseJobConfiguration):
    """Notes what was asked for; all runs share one process, so most of it is refused."""

    _deployment: DeploymentResponse | None = PrivateAttr(default=None)
    _own_environment: list[str] = PrivateAttr(default_factory=list)
    _own_command: str | None = PrivateAttr(default=None)

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        *others: Any,
        **more: Any,
    ) -> None:
        """Look before Prefect adds its own variables and command."""
        self._deployment = deployment
        self._own_environment = sorted(self.env)
        self._own_command = self.command
        super().prepare_for_flow_run(flow_run, deployment, *others, **more)

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
        if self._own_environment:
            raise ConfigurationError(
                f"The deployment {deployment.name!r}, its run or its work pool sets environment"
                f" variables ({', '.join(self._own_environment)}), and all runs of the signoff"
                " worker share one environment. Set them where the worker is started, or use a"
                " process worker."
            )
        if self._own_command is not None:
            raise ConfigurationError(
                f"The deployment {deployment.name!r}, its run or its work pool sets a command"
                f" ({self._own_command}); the signoff worker starts no process. Use a process"
                " worker."
            )
        if not deployment.entrypoint or ":" in deployment.entrypoint:
            raise ConfigurationError(
                f"The deployment {deployment.name!r} names a file as its entrypoint"
                f" ({deployment.entrypoint}). The signoff worker runs installed modules, such as"
                " flows.extract.extract; use a process worker for files."
            )
        return deployment.entrypoint
