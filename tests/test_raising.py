"""The helpers of the tests see what they should."""

from operator import itemgetter
from random import Random

import pytest

from tests import long_form
from tests.long_form import one_of_each, some_of_each
from tests.raising import raises, require
from toolkit.errors import ConfigurationError, DataError, ErrorCode


class TestRaises:
    def test_what_is_named_in_any_words(self) -> None:
        with raises(ErrorCode.DATA, names=("All", 7, "/a/b.csv", "s3://")) as raised:
            raise DataError("Row 7 of /a/b.csv, of the segment 'All'.", "Write s3://bucket.")
        assert isinstance(raised.value, DataError)

    @pytest.mark.parametrize("named", ["All", "1", "column", ("Allied", "All")])
    def test_nothing_that_is_not_named_in_whole(self, named: object) -> None:
        with pytest.raises(AssertionError), raises(ErrorCode.DATA, names=named):
            raise DataError("Segment 'Allied' has 17 columns.", "Look.")

    def test_no_other_kind(self) -> None:
        with pytest.raises(AssertionError), raises(ErrorCode.DATA):
            raise ConfigurationError("What.", "Remedy.")

    def test_no_silence(self) -> None:
        with pytest.raises(pytest.fail.Exception), raises(ErrorCode.DATA):
            pass
        with pytest.raises(AssertionError):
            require(None, ErrorCode.DATA)


class TestChoice:
    THINGS = ("a1", "b1", "a2", "a3", "c1", "a4", "b2")

    def test_has_some_of_each_in_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(long_form, "IS_LONG", False)
        chosen = some_of_each(self.THINGS, itemgetter(0), Random(1))
        assert chosen == [it for it in self.THINGS if it in chosen]
        assert {*chosen} - {"a2", "a3"} == {"a1", "a4", "b1", "b2", "c1"}
        assert len(chosen) == 6

    def test_has_one_of_each_in_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(long_form, "IS_LONG", False)
        chosen = [one_of_each(self.THINGS, itemgetter(0), Random(it)) for it in range(50)]
        assert all(it == sorted(it, key=self.THINGS.index) for it in chosen)
        assert all(sorted(name[0] for name in it) == ["a", "b", "c"] for it in chosen)
        assert {name for it in chosen for name in it} == set(self.THINGS)

    def test_has_all_in_the_long_form(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(long_form, "IS_LONG", True)
        for of_each in (one_of_each, some_of_each):
            assert of_each(self.THINGS, itemgetter(0), Random(1)) == list(self.THINGS)
