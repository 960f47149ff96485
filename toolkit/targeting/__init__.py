"""What hangs on a contact list at Criteo: lookalikes, Criteo audiences, and the ad sets that target them."""

from toolkit.targeting.effects import Effect, effect_of
from toolkit.targeting.usage import ListUsage, Usage, find_usage

__all__ = ["Effect", "ListUsage", "Usage", "effect_of", "find_usage"]
