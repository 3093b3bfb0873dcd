"""One choice of a legacy completion: its text with the prompt before it where that is echoed, and how likely it was.

Pure. `logprobs` stand in four lists of one length: tokens, their log probabilities, the likeliest tokens at each place,
and where in the text each begins; the first token of an echoed prompt has none, as nothing comes before it.
"""

from collections.abc import Iterator
from typing import Any

import attrs

from llmsim.simulation.draws import Source
from llmsim.simulation.logprobs import Said, logprobs
from llmsim.simulation.plan import Choice, Plan
from llmsim.simulation.tokens import estimated
from llmsim.wire.base import Parsed


@attrs.frozen
class Completion:
    """A choice as it is given: the pieces of the echoed prompt, those that were made, and what is known of all."""

    index: int
    echo: tuple[str, ...]
    choice: Choice
    said: tuple[Said, ...] | None

    @property
    def whole(self) -> dict[str, Any]:
        """The choice of a response that is not streamed."""
        text = "".join(self.echo) + self.choice.text
        return self._body(text, self._logprobs(0, len(self.echo) + len(self.choice.pieces), 0), self.finish)

    @property
    def finish(self) -> str:
        """Why the choice ended."""
        return self.choice.finish_reason.value

    @property
    def opening(self) -> dict[str, Any]:
        """The chunk with the prompt."""
        return self._body("".join(self.echo), self._logprobs(0, len(self.echo), 0), None)

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The chunks of the pieces that were made, one for each."""
        at = len("".join(self.echo))
        for number, piece in enumerate(self.choice.pieces, len(self.echo)):
            yield self._body(piece, self._logprobs(number, number + 1, at), None)
            at += len(piece)

    @property
    def last(self) -> dict[str, Any]:
        """The chunk that says why there are no more."""
        return self._body("", None, self.finish)

    def _body(self, text: str, said: dict[str, Any] | None, finish: str | None) -> dict[str, Any]:
        return {"text": text, "index": self.index, "logprobs": said, "finish_reason": finish}

    def _logprobs(self, first: int, end: int, at: int) -> dict[str, Any] | None:
        """What is known of the tokens from `first` to before `end`, the first of which begins at character `at`."""
        if self.said is None:
            return None
        tokens, offsets = self.said[first:end], []
        for one in tokens:
            offsets.append(at)
            at += len(one.token)
        figures: list[float | None] = [one.logprob for one in tokens]
        tops: list[dict[str, float] | None] = [
            {other.token: other.logprob for other in (*one.top, one)} for one in tokens
        ]
        if first == 0 and self.echo and figures:
            figures[0] = tops[0] = None
        return {
            "tokens": [one.token for one in tokens],
            "token_logprobs": figures,
            "top_logprobs": tops,
            "text_offset": offsets,
        }


def given(plan: Plan, asked: Parsed) -> list[Completion]:
    """The choices that are given: of each prompt the `n` with the likeliest tokens, where more were made."""
    n, made = asked.params["n"], asked.request.n
    chosen: list[int] = []
    for first in range(0, len(plan.choices), made):
        ranked = list(range(first, first + made))
        if made > n:
            ranked.sort(key=lambda index: -_mean(plan, index))
        chosen += ranked[:n]
    prompts = [message.content for message in asked.request.messages[-asked.request.prompts :]]
    echoes = [tuple(estimated(prompt)) if asked.params["echo"] else () for prompt in prompts]
    return [
        Completion(index, echoes[at // made], plan.choices[at], _said(plan, asked, at, echoes[at // made]))
        for index, at in enumerate(chosen)
    ]


def _said(plan: Plan, asked: Parsed, at: int, echo: tuple[str, ...]) -> tuple[Said, ...] | None:
    top = asked.params["logprobs"]
    if top is None:
        return None
    source = Source(plan.pod, plan.place)
    prompt = logprobs(source.stream("prompt logprobs", at // asked.request.n), echo, top)
    return (*prompt, *logprobs(source.stream("logprobs", at), plan.choices[at].pieces, top))


def _mean(plan: Plan, at: int) -> float:
    """The mean log probability of a choice's tokens."""
    said = logprobs(Source(plan.pod, plan.place).stream("logprobs", at), plan.choices[at].pieces, 0)
    return sum([one.logprob for one in said]) / max(len(said), 1)
