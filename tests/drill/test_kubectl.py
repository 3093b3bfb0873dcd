"""What is made of kubectl's answers about a pod."""

from collections.abc import Callable

import pytest

from llmsim.drill import kubectl
from llmsim.drill.kubectl import Namespace, placed
from llmsim.errors import OperatorError


async def test_pod_that_does_not_come_back_is_an_error(
    begun: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun()
    monkeypatch.setattr(kubectl, "REPLACED_S", 0.05)
    monkeypatch.setattr(kubectl, "POLL_S", 0.01)
    namespace = Namespace("staging", "llm-simulator-0")
    now = await namespace.placed()
    assert now is not None
    with pytest.raises(OperatorError, match="did not come back"):
        await namespace.replaced(now)


def test_pod_without_a_claim_is_no_pod_of_a_statefulset() -> None:
    pod = {"metadata": {"uid": "1"}, "spec": {"containers": [{"name": "llmsim"}]}, "status": {}}
    with pytest.raises(OperatorError, match="pod web has no container with a port and a claimed volume"):
        placed(pod, "web")
