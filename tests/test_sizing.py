"""Sizing: the planners' worked example, Little's law, and means that are those of turns which are really planned."""

import re
import statistics
from pathlib import Path

import attrs
import orjson
import pytest

from llmsim.catalog import profiles_dir
from llmsim.distributions import Constant, Exponential, LogNormal, Uniform
from llmsim.errors import OperatorError
from llmsim.profile import Latency, Profile, Profiles, Style, Text
from llmsim.simulation.plan import Plan, plan_turn
from llmsim.simulation.tokens import Estimator
from llmsim.sizing import COSTS, PRESETS, Costs, Load, Preset, disk_bytes, mean, means, size, turn_us
from llmsim.turn import Message, Pod, Role, TurnRequest, place_of
from tests.capacity_tables import Node, kept_cpu_m, kept_mib, takes

SHIPPED = Profiles.load((), profiles_dir())
PROFILE = Profile(
    name="p",
    summary="for tests",
    context_window=100_000,
    max_output=1000,
    output_tokens=Constant(101),
    latency=Latency(Constant(500), Constant(10), uncached_token_us=100),
)
CHART_PRESETS = Path(__file__).parent.parent / "charts" / "llm-simulator" / "templates" / "_presets.tpl"
ROUND_COSTS = Costs(
    turn_us=100,
    commit_us=50,
    prompt_token_us=1,
    history_token_us=0.5,
    reply_token_us=2,
    stream_token_us=10,
    turn_bytes=1000,
    prompt_token_bytes=10,
    reply_token_bytes=20,
    idle_bytes=50 << 20,
    stream_bytes=1 << 20,
    stream_token_bytes=0,
    session_bytes=0,
    snapshot_bytes=14 << 20,
)


def planned(profile: Profile, number: int) -> Plan:
    """A turn as a pod plans it."""
    messages = (Message(Role.USER, f"Question {number}: how does a group commit work, and what is it good for?"),)
    request = TurnRequest(profile.models[0].id, messages, number.to_bytes(16))
    place = place_of(f"s-{number}", messages)
    return plan_turn(profile, Pod(7, 0), place, request, messages, created_s=0, counter=Estimator())


def test_example_of_the_planners_is_worked_exactly() -> None:
    """10,000 requests a second at 500 a pod: 20 pods, 25 with a quarter of headroom, an autoscaler from 25 to 50."""
    found = size(Load(10_000), SHIPPED.default, headroom=0.25, pod_rps=500)
    assert (found.pods_needed, found.pods, found.hpa_min, found.hpa_max) == (20, 25, 25, 50)
    assert (found.workload, found.preset) == ("medium", "production-light")


def test_autoscaler_of_a_small_load_has_room_above_its_least() -> None:
    """Three pods are the least of production, however little there is to do; its most is twice that."""
    found = size(Load(1), SHIPPED.default, headroom=0.25, pod_rps=500)
    assert (found.pods, found.hpa_min, found.hpa_max) == (2, 3, 6)


@pytest.mark.parametrize(
    ("target", "pod_rps", "headroom", "pods"),
    [
        (500, 500, 0.0, 1),
        (500.1, 500, 0.0, 2),
        (0.3, 0.1, 0.0, 3),
        (5000, 100, 0.1, 55),
        (1, 1000, 0.25, 2),
        (1, 9, 0, 1),
    ],
)
def test_pods_are_whole_and_arithmetic_adds_none(target: float, pod_rps: float, headroom: float, pods: int) -> None:
    assert size(Load(target), PROFILE, headroom=headroom, pod_rps=pod_rps).pods == pods


def test_open_requests_follow_littles_law() -> None:
    load = Load(200, prompt_tokens=0)
    assert means(PROFILE, load) == means(PROFILE, attrs.evolve(load, streamed=0))
    assert means(PROFILE, load).duration_ms == pytest.approx(500 + 100 * 10)
    assert size(load, PROFILE, headroom=0).concurrent == pytest.approx(200 * 1.5)


def test_cpu_time_of_a_turn_is_the_sum_of_its_parts() -> None:
    about = means(PROFILE, Load(1))
    load = Load(1, streamed=0, stored=0, prompt_tokens=40, history_tokens=10)
    assert turn_us(about, load, ROUND_COSTS) == pytest.approx(100 + 40 + 5 + 202)
    assert turn_us(about, attrs.evolve(load, stored=0.5), ROUND_COSTS) == pytest.approx(347 + 25)
    assert turn_us(about, attrs.evolve(load, streamed=0.5), ROUND_COSTS) == pytest.approx(347 + 505)


def test_disk_fills_by_what_is_new_and_stored() -> None:
    load = Load(10, prompt_tokens=40, history_tokens=5000)
    assert disk_bytes(means(PROFILE, load), load, ROUND_COSTS) == pytest.approx(1000 + 400 + 2020)
    half = size(attrs.evolve(load, stored=0.5), PROFILE, headroom=0, costs=ROUND_COSTS)
    assert half.turn_disk_bytes == pytest.approx(1710)
    assert half.disk_bytes_per_day == pytest.approx(1710 * 10 * 86_400)
    assert half.volume_full_days == pytest.approx((50 << 30) * half.pods / half.disk_bytes_per_day)
    none = size(attrs.evolve(load, stored=0), PROFILE, headroom=0, costs=ROUND_COSTS)
    assert (none.disk_bytes_per_day, none.volume_full_days) == (0, None)


def test_requests_are_for_one_pod_at_the_target() -> None:
    """300 open requests in two pods of 50 MiB, a snapshot of 14 and a MiB for each: 214 MiB, and a quarter."""
    found = size(Load(200, prompt_tokens=0), PROFILE, headroom=0, pod_rps=125, costs=ROUND_COSTS)
    assert (found.pods, found.memory_mib) == (2, 320)
    assert found.cpu_m == 1000
    assert size(Load(50), PROFILE, headroom=0, pod_rps=125).cpu_m == 600


def test_preset_is_the_smallest_that_is_enough() -> None:
    assert size(Load(1), PROFILE, headroom=0, pod_rps=1000).preset == "development"
    assert size(Load(350), PROFILE, headroom=0, pod_rps=1000).preset == "staging"
    greedy = attrs.evolve(ROUND_COSTS, stream_bytes=4 << 20)
    assert size(Load(990), PROFILE, headroom=0, pod_rps=1000, costs=greedy).preset == "high-throughput"
    greedy = attrs.evolve(ROUND_COSTS, stream_bytes=40 << 20)
    assert size(Load(990), PROFILE, headroom=0, pod_rps=1000, costs=greedy).preset is None


def test_presets_are_those_of_the_chart() -> None:
    rows = re.findall(
        r"^([a-z-]+): \[(\d+)m, (\d+)m, (\d+)([MG])i, (\d+)Gi\]$", CHART_PRESETS.read_text(), re.MULTILINE
    )
    scale = {"M": 1, "G": 1024}
    found = [
        (name, int(cpu), int(most), int(memory) * scale[unit], int(limit) * 1024)
        for name, cpu, most, memory, unit, limit in rows
    ]
    assert found == [attrs.astuple(preset) for preset in PRESETS]


def test_more_pods_than_anybody_has_are_an_error() -> None:
    with pytest.raises(OperatorError, match=r"more than 10,000 pods of 0\.5 each"):
        size(Load(1e30), PROFILE, headroom=0, pod_rps=0.5)


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [(Constant(3), 3), (Uniform(2, 4), 3), (Exponential(5), 5), (LogNormal(100, sigma=0.9), 149.93)],
)
def test_mean_is_the_distributions_own(
    distribution: Constant | Uniform | Exponential | LogNormal, expected: float
) -> None:
    assert mean(distribution, lambda value: value) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(("name", "turns"), [("gpt-4o-mini", 600), ("gpt-5", 3000), ("llama-8b-h100", 600)])
def test_means_are_those_of_turns_that_are_planned(name: str, turns: int) -> None:
    """What is thought varies most, and takes most turns to have a mean."""
    profile = SHIPPED.by_name[name]
    plans = [planned(profile, number) for number in range(turns)]
    prompt = statistics.fmean(plan.usage.prompt_tokens for plan in plans)
    about = means(profile, Load(1, prompt_tokens=prompt))
    tokens = statistics.fmean(plan.usage.completion_tokens for plan in plans)
    assert tokens == pytest.approx(about.thought_tokens + about.reply_tokens, rel=0.1)
    assert statistics.fmean(plan.timeline.ttft_us for plan in plans) == pytest.approx(about.ttft_ms * 1000, rel=0.1)
    assert statistics.fmean(plan.timeline.total_us for plan in plans) == pytest.approx(
        about.duration_ms * 1000, rel=0.1
    )


def test_a_long_history_is_cached_and_a_short_one_is_read_again() -> None:
    assert means(PROFILE, Load(1, prompt_tokens=10)).ttft_ms == pytest.approx(501)
    assert means(PROFILE, Load(1, prompt_tokens=10, history_tokens=1000)).ttft_ms == pytest.approx(601)
    assert means(PROFILE, Load(1, prompt_tokens=10, history_tokens=1024)).ttft_ms == pytest.approx(501)


def test_replies_of_other_styles_have_their_own_length() -> None:
    echo = attrs.evolve(PROFILE, text=Text(Style.ECHO))
    fixed = attrs.evolve(PROFILE, text=Text(Style.FIXED, fixed="Yes."))
    assert means(echo, Load(1, prompt_tokens=33)).reply_tokens == 33
    assert means(fixed, Load(1)).reply_tokens == Estimator().count("Yes.")


def test_nodes_take_what_is_left_beside_their_own_needs() -> None:
    """Figures that clouds give as examples: AKS 8 GB and 30 pods, EKS m5.2xlarge, GKE 16 GiB."""
    aks = Node("Azure", "of the example", 8, 8, "", 30)
    assert kept_mib(aks) == pytest.approx(650e6 / (1 << 20) + 100)
    assert kept_mib(Node("Azure", "crowded", 4, 4, "", 110)) == 1024 + 100
    eks, gke = Node("AWS", "m5.2xlarge", 8, 32, "", 58), Node("GCP", "n2-standard-4", 4, 16, "", 110)
    assert (kept_mib(eks), kept_cpu_m(eks)) == (255 + 638 + 100, 90)
    assert (kept_mib(gke), kept_cpu_m(gke)) == pytest.approx((2662.4 + 100, 80))
    small = Preset("small", 1000, 1000, 512, 512)
    assert takes(gke, small) == 3
    assert takes(gke, attrs.evolve(small, cpu_m=100)) == (16_384 - 2762 - 512) // 512


def test_costs_and_sizes_can_be_written_as_json() -> None:
    assert orjson.dumps(attrs.asdict(size(Load(1), PROFILE, headroom=0)))
    assert all(value > 0 for value in attrs.astuple(COSTS))
