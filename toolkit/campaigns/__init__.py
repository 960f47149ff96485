"""Criteo audiences: who is in them, what is declared, what is at Criteo; and the ad sets that target them."""

from toolkit.campaigns.declared import CriteoAudience
from toolkit.campaigns.expression import (
    Expression,
    at_criteo,
    lookalike,
    prospecting,
    retargeting,
    segment,
)
from toolkit.campaigns.text import read_expression

__all__ = [
    "CriteoAudience",
    "Expression",
    "at_criteo",
    "lookalike",
    "prospecting",
    "read_expression",
    "retargeting",
    "segment",
]
