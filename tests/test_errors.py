"""The tree of blame, as its header draws it."""

import re

import pytest

from llmsim import errors
from llmsim.errors import ClientError, LlmsimError, OperatorError, StoreError, StoreFull, UnknownModel, leading_error


def test_header_names_every_store_error() -> None:
    drawn = set(re.findall(r"\b[A-Z][a-z]+[A-Z]\w+", errors.__doc__ or ""))
    assert drawn >= {kind.__name__ for kind in StoreError.__subclasses__() if kind.__module__ == errors.__name__}
    assert drawn >= {"ClientError", "OperatorError", "StoreError"}


@pytest.mark.parametrize(("kind", "code"), [(OperatorError, 2), (StoreError, 3), (StoreFull, 3)])
def test_exit_code_says_whose_doing_it_was(kind: type[LlmsimError], code: int) -> None:
    assert kind("x").exit_code == code


def test_unknown_model_speaks_the_providers_words() -> None:
    error = UnknownModel("gpt-9")
    assert (error.status, error.code, error.param) == (404, "model_not_found", None)
    assert str(error) == "The model `gpt-9` does not exist or you do not have access to it."


def test_leading_error_is_found_however_deep_it_is() -> None:
    store = StoreError("disk")
    assert leading_error(ExceptionGroup("a", [ValueError(), ExceptionGroup("b", [KeyError(), store])])) is store
    assert leading_error(ExceptionGroup("a", [ValueError()])) is None
    assert leading_error(BaseExceptionGroup("a", [KeyboardInterrupt(), ClientError("x")])) is not None
