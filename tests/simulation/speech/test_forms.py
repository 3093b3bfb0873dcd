"""Forms: each rule is found by its hint, names what it finds, and takes no long time over any clause."""

import re
import time

import pytest

from llmsim.simulation.speech.facts import CLAUSE_LIMIT
from llmsim.simulation.speech.forms import ASKED, REMEMBER, REMEMBERED

RULES = (*REMEMBERED, *ASKED)
CLAUSES = """
my name is not Bob, but Ada; my name is Ada; please call me Ada; I'm Ada; my dog's name is Rex; my dog is named Rex;
my sister Ann is here; teal is my favourite colour; my shoe size is 42; I am 34; I'm based in Rome;
I just moved to Rome; I come from Peru; I was born in Lima; I work as a nurse; I work at Acme; I'm allergic to nuts;
I am a nurse; I like tea; I drive a car; I've got a dog called Rex; I have two cats; the secret word is plum;
the project is called "Zephyr"; remember the train is late; remember this code: X7; remember: the milk 2; who am I;
what should you call me;
where do I live; which city do I live in; where am I from; where was I born; how old am I; who do I work for;
what do I work as; what do I do for a living; what language am I learning; am I vegan; which tea do I like best;
what do I like; what food do I love; do I like tea; what car do I drive; how many cats do I have;
what did I tell you to remember; which number did I give you; what do you know about me; what did I tell you;
names of my dogs; name of the project; what is my age; when is my birthday; do you know my age; and my age;
what is the code; tell me the code
"""
CLAUSE_LIST = [" ".join(clause.split()) for clause in CLAUSES.split(";")]


@pytest.mark.parametrize("number", range(len(RULES)))
def test_rule_fits_a_clause_and_every_clause_that_it_fits_holds_its_hint(number: int) -> None:
    rule = RULES[number]
    fitting = [clause for clause in CLAUSE_LIST if rule.pattern.search(clause)]
    assert fitting
    assert all(rule.hint in clause.lower() for clause in fitting)


@pytest.mark.parametrize("number", range(len(RULES)))
def test_rule_says_and_keeps_nothing_but_what_it_finds(number: int) -> None:
    rule = RULES[number]
    needed = set(re.findall(r"\{(\w+)\}", rule.key + rule.says))
    assert needed <= set(rule.pattern.groupindex)
    assert bool(rule.says) == ("value" in rule.pattern.groupindex) == (number < len(REMEMBERED))


@pytest.mark.parametrize(
    "unit", ["my ", "a ", "i am a ", "my a is ", "the a ", "what ", "remember ", "do i ", "- ", "'s "]
)
def test_pattern_takes_no_long_time_over_any_clause(unit: str) -> None:
    clause = (unit * CLAUSE_LIMIT)[:CLAUSE_LIMIT]
    begun = time.process_time()
    for pattern in (REMEMBER, *(rule.pattern for rule in RULES)):
        pattern.search(clause)
    assert time.process_time() - begun < 0.02
