"""Every endpoint that reads a body, with samples of its fields."""

from tests.samples.anthropic import ANTHROPIC
from tests.samples.gemini import GEMINI
from tests.samples.openai import OPENAI
from tests.samples.openai_small import OPENAI_SMALL

ENDPOINTS = (*OPENAI, *OPENAI_SMALL, *ANTHROPIC, *GEMINI)
