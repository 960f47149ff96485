"""YAML as people write it, read without what would pass unseen: a name that stands twice, of which the last one counts.

Whatever a text holds, it is read, or told to be none by one error.
"""

from collections.abc import Hashable
from typing import Any

import yaml


class NotYamlError(ValueError):
    """A text is no YAML; ``line`` is that of a ``name`` that stands twice, where that is why."""

    def __init__(self, said: str, *, name: Hashable = None, line: int = 0) -> None:
        super().__init__(said)
        self.name = name
        self.line = line


def read_yaml(text: str) -> Any:
    """Return what a text says.

    Raises:
        NotYamlError: It is no YAML, nests deeper than can be read, holds a value that is none, such as a 31 February,
            or names something twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader
    except (yaml.YAMLError, RecursionError, OverflowError) as error:
        raise NotYamlError(str(error)) from None
    except NotYamlError:
        raise
    except ValueError as error:
        raise NotYamlError(str(error)) from None


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    line = key.start_mark.line + 1
                    raise NotYamlError(f"{key.value!r} stands twice, again in line {line}", name=key.value, line=line)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)
