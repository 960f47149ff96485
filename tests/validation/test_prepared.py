"""An expectation that is worked out once for all segments finds of each what it finds when it is asked alone."""

import great_expectations.expectations as gxe
import polars as pl
import pytest
from great_expectations.expectations.row_conditions import Column

from toolkit.validation.gx import Outcome, ValidatedTable, prepare

TABLES = [
    pl.DataFrame({"customer": ["a", "b", "b", None], "age": [17, 40, None, 90], "city": ["Gouda", "x", "Gouda", None]}),
    pl.DataFrame({"customer": ["c", "d"], "age": [20, 21], "city": ["Delft", "Gouda"]}),
    pl.DataFrame({"customer": ["e"], "age": [None], "city": [None]}, schema_overrides={"age": pl.Int64}),
    pl.DataFrame(schema={"customer": pl.String, "age": pl.Int64, "city": pl.String}),
]
ABOUT_TABLES = [
    gxe.ExpectColumnValuesToNotBeNull(column="customer"),
    gxe.ExpectColumnValuesToBeUnique(column="customer"),
    gxe.ExpectColumnValuesToBeBetween(column="age", min_value=18, mostly=0.5),
    gxe.ExpectColumnValuesToBeInSet(column="city", value_set=["Gouda"], row_condition=Column("age") > 18),
    gxe.ExpectColumnValuesToMatchRegex(column="city", regex="^[A-Z]"),
    gxe.ExpectColumnMeanToBeBetween(column="age", min_value=18, max_value=60),
    gxe.ExpectColumnProportionOfUniqueValuesToBeBetween(column="customer", min_value=0.9),
    gxe.ExpectTableRowCountToBeBetween(min_value=2),
    gxe.ExpectCompoundColumnsToBeUnique(column_list=["customer", "city"]),
    gxe.ExpectColumnPairValuesToBeEqual(column_A="customer", column_B="city"),
    gxe.ExpectColumnToExist(column="city"),
    gxe.ExpectColumnValuesToBeBetween(column="city", min_value=18),
    gxe.ExpectColumnValuesToNotBeNull(column="gone"),
]


def in_values(outcome: Outcome) -> tuple[object, ...]:
    return outcome.success, dict(outcome.result), outcome.unexpected_rows.to_list(), outcome.raised


@pytest.mark.parametrize("expectation", ABOUT_TABLES, ids=lambda it: it.expectation_type)
def test_it_finds_what_it_finds_asked_alone(expectation: gxe.Expectation) -> None:
    prepared = prepare(expectation)
    assert prepared is not None
    for table in TABLES:
        found = in_values(ValidatedTable(table).ask_prepared(prepared))
        assert repr(found) == repr(in_values(ValidatedTable(table).ask(expectation)))


def test_what_looks_at_the_table_first_is_worked_out_for_each() -> None:
    assert prepare(gxe.ExpectColumnValuesToBeOfType(column="age", type_="int64")) is None


def test_a_class_of_ones_own_is_worked_out_for_each() -> None:
    class ExpectAdults(gxe.ExpectColumnValuesToBeBetween):
        column: str = "age"
        min_value: int = 18

    assert prepare(ExpectAdults()) is None
