"""The judge of a canary: watches the new pods' metrics in a Prometheus, and says whether they may become all.

`python .github/canary.py --help`. Only asks Prometheus and prints; what is deployed or taken back is for the pipeline,
by the exit code: 0 promote, 1 roll back, 2 the operator's mistake, 3 not proven. What is not known counts for nobody:
pods without traffic, or without one of the metrics that it asks for, are never promoted.
"""

import math
import os
import time
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import Any

import attrs
import click
import httpx2
import orjson

from llmsim.cli.options import examples, json_option, reading
from llmsim.values import duration, words

TIMEOUT_S = 10
"""How long Prometheus may be silent; it answers such questions in milliseconds."""
FAILURES_MAX = 3
"""Looks in a row at which Prometheus may be away, once it has answered."""
DOUBT_Z = 3.0
"""Standard deviations: how far the limit must be below what was seen to be exceeded beyond doubt."""
URL = "PROMETHEUS_URL"
TOKEN = "PROMETHEUS_TOKEN"  # noqa: S105  (the name of a variable)
LOCAL = "http://127.0.0.1:9090"
WHERE = f"Where Prometheus is. A bearer token is read from {TOKEN}."
WHICH = "Label matchers of PromQL that select the new pods."
PERCENT = click.FloatRange(0, 100, min_open=True)


class Verdict(IntEnum):
    """What comes of the canary; the value is the exit code."""

    PROMOTE = 0
    ROLL_BACK = 1
    NOT_PROVEN = 3


class Refused(click.ClickException):
    """Prometheus will not answer, however often it is asked: the operator's mistake."""

    exit_code = 2


class Away(Refused):
    """Prometheus does not answer now."""


class Clock:
    """Time as it passes, in seconds from no particular moment."""

    def now(self) -> float:
        return time.monotonic()

    def pause(self, span_s: float) -> None:
        time.sleep(span_s)


@attrs.frozen
class Limits:
    """What the canary must keep: `error_percent` of its requests, `p99_s` of its own latency (None: any)."""

    error_percent: float
    p99_s: float | None
    requests: int


@attrs.frozen
class Look:
    """What is known after `watched_s`; None where Prometheus has no such samples of these pods."""

    watched_s: float
    requests: float | None
    errors: float | None
    p99_s: float | None

    @property
    def error_percent(self) -> float | None:
        if not self.requests or self.errors is None:
            return None
        return 100 * min(self.errors / self.requests, 1)


@attrs.frozen
class Prometheus:
    """A Prometheus, asked of the pods that `match` selects (label matchers of PromQL, without braces)."""

    http: httpx2.Client
    match: str

    def look(self, watched_s: float) -> Look:
        """What the pods did in the last `watched_s` seconds; raises Away and Refused."""
        span = f"[{math.ceil(watched_s)}s]"
        pods = f"{{{self.match}}}{span}"
        errors = f'{{cause="server",{self.match}}}{span}'
        return Look(
            watched_s,
            self.value(f"sum(increase(llm_simulator_requests_total{pods}))"),
            self.value(f"sum(increase(llm_simulator_errors_total{errors}))"),
            self.value(
                f"histogram_quantile(0.99, sum by (le) (increase(llm_simulator_overhead_seconds_bucket{pods})))"
            ),
        )

    def value(self, query: str) -> float | None:
        """The one number of an instant query; None where there is none, or not a number."""
        try:
            response = self.http.get("api/v1/query", params={"query": query})
        except httpx2.InvalidURL as error:
            raise Refused(f"the question is none: {error}") from None
        except httpx2.HTTPError as error:
            raise Away(f"no answer from {self.http.base_url}: {error}") from None
        answered = f"{self.http.base_url} answered {response.status_code}"
        if response.status_code in (429, 502, 503, 504):
            raise Away(answered)
        try:
            body = orjson.loads(response.content)
            status = body["status"]
        except (orjson.JSONDecodeError, TypeError, KeyError):
            raise Refused(f"{answered} and nothing of Prometheus: is this the URL of its API?") from None
        if status != "success":
            raise Refused(f"{answered} to {query}: {body.get('error', status)}")
        return sample(body)


def sample(body: dict[str, Any]) -> float | None:
    """The number in an answer to a query that gives at most one."""
    try:
        result = body["data"]["result"]
        value = float(result[0]["value"][1]) if result else math.nan
    except (TypeError, KeyError, IndexError, ValueError):
        raise Refused("Prometheus answered in a form that is not known: is this the URL of its API?") from None
    return value if math.isfinite(value) else None


def surely_above(bad: float, total: float, limit: float) -> bool:
    """Whether a share is above `limit` beyond doubt: by the lower end of Wilson's interval, at DOUBT_Z."""
    share, z2 = min(bad / total, 1), DOUBT_Z**2
    spread = DOUBT_Z * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return (share + z2 / (2 * total) - spread) / (1 + z2 / total) > limit


def beyond_doubt(look: Look, limits: Limits) -> bool:
    """Whether watching on can do no good."""
    if not look.requests or look.errors is None:
        return False
    return surely_above(look.errors, look.requests, limits.error_percent / 100)


def judged(look: Look, limits: Limits) -> tuple[Verdict, str]:
    """What the whole window says, and why."""
    percent, p99_s = look.error_percent, look.p99_s
    if look.requests is None or look.requests < limits.requests:
        return Verdict.NOT_PROVEN, f"{look.requests or 0:.0f} requests are too few: {limits.requests} are wanted"
    if percent is None:
        return Verdict.NOT_PROVEN, "nothing is known of the errors"
    if percent >= limits.error_percent:
        return Verdict.ROLL_BACK, f"{percent:.2f} % of the requests failed, {limits.error_percent:g} % is the limit"
    if limits.p99_s is not None and p99_s is None:
        return Verdict.NOT_PROVEN, "nothing is known of the latency"
    if limits.p99_s is not None and p99_s is not None and p99_s > limits.p99_s:
        return Verdict.ROLL_BACK, f"a p99 of {p99_s * 1000:.0f} ms, {limits.p99_s * 1000:.0f} ms is the limit"
    return Verdict.PROMOTE, f"{percent:.2f} % of {look.requests:.0f} requests failed"


def watch(
    prometheus: Prometheus, limits: Limits, window_s: float, every_s: float, clock: Clock, tell: Callable[[Look], None]
) -> tuple[Verdict, str, Look]:
    """Look at the pods every `every_s` seconds until `window_s` have passed, or until they are bad beyond doubt.

    Raises:
        Refused: Prometheus will not answer, did not at the start, or not FAILURES_MAX times in a row.
    """
    prometheus.look(1)
    begun, failures = clock.now(), 0
    while True:
        left_s = window_s - (clock.now() - begun)
        clock.pause(min(every_s, left_s) if left_s > 0 else every_s)
        watched_s = clock.now() - begun
        try:
            look = prometheus.look(min(watched_s, window_s))
        except Away:
            failures += 1
            if failures == FAILURES_MAX:
                raise
            continue
        failures = 0
        tell(look)
        if beyond_doubt(look, limits):
            return Verdict.ROLL_BACK, f"{look.error_percent:.2f} % of the requests failed, beyond doubt too many", look
        if watched_s >= window_s:
            return *judged(look, limits), look


def described(look: Look) -> str:
    """A look for people."""
    errors = "errors unknown" if look.error_percent is None else f"{look.error_percent:.2f} % failed"
    latency = "unknown" if look.p99_s is None else f"{look.p99_s * 1000:.0f} ms"
    return f"{look.watched_s:4.0f} s: {look.requests or 0:.0f} requests, {errors}, p99 {latency}"


def to_json(look: Look) -> dict[str, Any]:
    """A look for programs."""
    return {**attrs.asdict(look), "error_percent": look.error_percent}


def authorized() -> dict[str, str]:
    """The header with the token, where one is set."""
    token = os.environ.get(TOKEN, "").strip()
    if not (token.isascii() and token.isprintable()):
        raise click.UsageError(f"{TOKEN} is no token: it has characters that no header may have")
    return {"authorization": f"Bearer {token}"} if token else {}


def http_url(_context: click.Context, _flag: click.Parameter, text: str) -> str:
    """A base URL with a slash at its end; secrets have no place in it, as it is shown."""
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise click.BadParameter(f"{error}.") from None
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise click.BadParameter(f"expected http(s)://HOST[:PORT][/PATH], not {text!r}.")
    if url.userinfo:
        raise click.BadParameter(f"a secret has no place in it: set {TOKEN}.")
    return text.rstrip("/") + "/"


option = partial(click.option, show_default=True)
span = partial(option, callback=reading(duration(1)), metavar="DURATION")


@click.command(
    context_settings={"max_content_width": 120},
    epilog=examples(
        "python .github/canary.py --match 'pod=~\"llm-simulator-9\"'               five minutes, under 1 % of errors",
        "python .github/canary.py --match 'pod=\"llm-simulator-9\"' --max-p99 3s   its own latency as well",
        f"{TOKEN}=... python .github/canary.py --prometheus https://prometheus.example --match ... --json",
    ),
)
@option(
    "--prometheus", "url", default=LOCAL, envvar=URL, show_envvar=True, callback=http_url, metavar="URL", help=WHERE
)
@option("--match", required=True, callback=reading(words()), metavar="MATCHERS", help=WHICH)
@span("--window", default="5m", help="Watch so long.")
@span("--every", default="15s", help="Look so often.")
@option("--max-error-percent", type=PERCENT, default=1.0, metavar="PERCENT", help="Server errors that are too many.")
@option("--max-p99", callback=reading(duration()), metavar="DURATION", help="What responses may take of their own.")
@option("--min-requests", type=click.IntRange(1), default=100, metavar="N", help="With fewer, nothing is proven.")
@json_option
@click.pass_context
def main(
    context: click.Context,
    *,
    url: str,
    match: str,
    window: float,
    every: float,
    max_error_percent: float,
    max_p99: float | None,
    min_requests: int,
    as_json: bool,
) -> None:
    """Watch the canary's pods in Prometheus, and judge: promote them, or roll them back.

    Exit codes: 0 promote; 1 roll back, as soon as that is beyond doubt; 2 a wrong flag, or Prometheus does not answer
    or refuses; 3 not proven, as there was too little traffic, or a metric is missing.
    """

    def tell(look: Look) -> None:
        click.echo(orjson.dumps(to_json(look)) if as_json else described(look), err=True)

    limits = Limits(max_error_percent, max_p99, min_requests)
    with httpx2.Client(base_url=url, headers=authorized(), timeout=TIMEOUT_S) as http:
        prometheus = Prometheus(http, match)
        verdict, reason, look = watch(prometheus, limits, window, every, context.obj or Clock(), tell)
    name = verdict.name.lower().replace("_", " ")
    click.echo(orjson.dumps({"verdict": name, "reason": reason, **to_json(look)}) if as_json else f"{name}: {reason}")
    context.exit(verdict)


if __name__ == "__main__":
    main()
