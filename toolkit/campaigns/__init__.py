"""Criteo audiences: who is in them, what is declared, what is at Criteo; and the ad sets that target them."""

from toolkit.campaigns.ad_sets import AdSet, AdSetLink, AdSets
from toolkit.campaigns.declared import DeclaredAudience
from toolkit.campaigns.expression import (
    Expression,
    at_criteo,
    lookalike,
    prospecting,
    retargeting,
    segment,
)
from toolkit.campaigns.plan import (
    AppliedAudience,
    AppliedAudiences,
    AudiencePlan,
    AudienceStep,
    OtherAudience,
    PlannedAudience,
)
from toolkit.campaigns.text import read_expression

__all__ = [
    "AdSet",
    "AdSetLink",
    "AdSets",
    "AppliedAudience",
    "AppliedAudiences",
    "AudiencePlan",
    "AudienceStep",
    "DeclaredAudience",
    "Expression",
    "OtherAudience",
    "PlannedAudience",
    "at_criteo",
    "lookalike",
    "prospecting",
    "read_expression",
    "retargeting",
    "segment",
]
