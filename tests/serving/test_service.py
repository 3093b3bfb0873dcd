"""The record that routes share."""

from pathlib import Path

from llmsim.serving.pod import running_pod
from llmsim.serving.service import Phase, Service
from tests.pods import options


async def test_service_of_a_running_pod_has_the_metrics_that_its_simulator_counts_on(tmp_path: Path) -> None:
    async with running_pod(options(tmp_path)) as service:
        assert service.metrics is service.simulator.metrics
        fresh = Service(service.simulator, service.metrics, service.pace)
        assert fresh.phase is Phase.STARTING
