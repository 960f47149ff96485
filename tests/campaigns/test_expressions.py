"""Expressions of an audience: written by operators or as text, compared by what they mean."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.campaigns import at_criteo, lookalike, prospecting, read_expression, retargeting, segment
from toolkit.campaigns.expression import DEEPEST, MOST_LEAVES, And, AtCriteo, Expression, Not, Or
from toolkit.campaigns.meaning import fingerprint, is_everybody, is_nobody
from toolkit.errors import ConfigurationError

_ATOMS = st.integers(1, 5).map(lambda it: AtCriteo(str(it)))
_EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        inner.map(Not.of),
        st.lists(inner, min_size=1, max_size=3).map(lambda it: And.of(*it)),
        st.lists(inner, min_size=1, max_size=3).map(lambda it: Or.of(*it)),
    ),
    max_leaves=8,
)


def _holds(expression: Expression, within: set[str]) -> bool:
    match expression:
        case And(children):
            return all(_holds(it, within) for it in children)
        case Or(children):
            return any(_holds(it, within) for it in children)
        case Not(child):
            return not _holds(child, within)
        case AtCriteo(number):
            return number in within
    raise AssertionError


def _truth(expression: Expression) -> list[bool]:
    numbers = [str(it) for it in range(1, 6)]
    return [_holds(expression, set(some)) for count in range(6) for some in itertools.combinations(numbers, count)]


@given(_EXPRESSIONS)
def test_text_is_read_back(expression: Expression) -> None:
    assert read_expression(str(expression)) == expression


@given(_EXPRESSIONS, _EXPRESSIONS)
def test_equal_fingerprints_mean_the_same(one: Expression, other: Expression) -> None:
    assert (fingerprint(one) == fingerprint(other)) is (_truth(one) == _truth(other))
    assert is_nobody(one) is (not any(_truth(one)))
    assert is_everybody(one) is all(_truth(one))


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (segment("High value") - "Bought last week", '"High value" and not "Bought last week"'),
        ("A" | segment("B") & "C", '"A" or ("B" and "C")'),
        (~(segment("A") | "B"), 'not ("A" or "B")'),
        (lookalike("A", size=5, export="E") - at_criteo(7), 'lookalike("A", export="E", size=5) and not id(7)'),
        (retargeting("Buyers", min_days=1, max_days=30), "retargeting(visitors=Buyers, min_days=1, max_days=30)"),
        (prospecting("ProspectsOrNonBuyers"), "prospecting(users=ProspectsOrNonBuyers)"),
        (segment('Say "yes"', export="E"), 'segment("Say ""yes""", export="E")'),
    ],
)
def test_operators_and_text_agree(made: Expression, text: str) -> None:
    assert str(made) == text
    assert read_expression(text) == made


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("vip", '"vip"'),
        ("a AND Not b", '"a" and not "b"'),
        ("“High value” or x", '"High value" or "x"'),
        ("a or b and c", '"a" or ("b" and "c")'),
        ("not not a", '"a"'),
        ("((a))", '"a"'),
        ('"and"', '"and"'),
        ("lookalike(a, size=100_000)", 'lookalike("a", size=100000)'),
        ("id(12)", "id(12)"),
        ("retargeting()", "retargeting(visitors=All, min_days=0, max_days=30)"),
    ],
)
def test_many_spellings_are_read(text: str, same: str) -> None:
    assert str(read_expression(text)) == same


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("   ", 1),
        ("High value", 6),
        ('"High value" "Low value"', 14),
        ("a and", 6),
        ("a and or b", 7),
        ("a - b", 3),
        ("(a or b", 8),
        ("a)", 2),
        ('a and "b', 7),
        ("not", 4),
        ("unknown(a)", 1),
        ("lookalike(a)", 1),
        ("lookalike(a, size=many)", 19),
        ("lookalike(a, size=1, size=2)", 27),
        ("id(1, color=red)", 13),
        ("segment()", 1),
        ("segment(a b)", 11),
        ("and", 1),
    ],
)
def test_an_error_names_the_place(text: str, place: int) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_expression(text)
    assert raised.value.what.values["place"] == place  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "a" + ")" * 5000,
        "not (" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1),
        " or ".join(f"a{it}" for it in range(MOST_LEAVES + 1)),
        "a " * 10_000,
        'lookalike(a, size="9999999999999999999999")',
        "lookalike(a, size=0)",
        "retargeting(max_days=99999)",
        "retargeting(min_days=3, max_days=2)",
        "retargeting(visitors=Everyone)",
        "retargeting(Buyers, visitors=NonBuyers)",
        "id(-1)",
        "id(\uff11)",
        '""',
        '"a\tb"',
        "__import__(os)",
    ],
)
def test_what_is_too_much_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        read_expression(text)


def _nested(levels: int) -> Expression:
    made: Expression = segment("A")
    for number in range(levels):
        made = ~(made | f"B{number}")
    return made


@pytest.mark.parametrize(
    "combine",
    [
        lambda: segment("A") and segment("B"),
        lambda: segment("A") or "B",
        lambda: not segment("A"),
        lambda: segment("A") - "B" if ~segment("C") else "D",
    ],
)
def test_words_of_python_combine_nothing(combine: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError):
        combine()


def test_deep_operators_are_refused() -> None:
    with pytest.raises(ConfigurationError):
        _nested(DEEPEST)


def test_many_segments_compare_by_their_order() -> None:
    many = [AtCriteo(str(it)) for it in range(40)]
    assert fingerprint(Or.of(*many)) == fingerprint(Or.of(*reversed(many)))
    assert fingerprint(Or.of(*many)) != fingerprint(And.of(*many))
    assert not is_nobody(And.of(*many))


def test_many_segments_can_exclude_each_other() -> None:
    many = [AtCriteo(str(it)) for it in range(40)]
    assert is_nobody(And.of(Or.of(*many[:3]), *many[3:], *map(Not.of, many[:3])))
    assert is_everybody(Or.of(*many, Not.of(many[20])))
    assert not is_nobody(And.of(Or.of(*many[:3]), *many[3:], *map(Not.of, many[:2])))
    assert not is_everybody(Or.of(*many, Not.of(Or.of(many[20], AtCriteo("99")))))
