"""YAML as people write it, read without what would pass unseen: a name that stands twice, of which the last one counts.

Whatever a text holds, it is read, or told to be none by one error.
"""

from collections.abc import Hashable
from typing import Any

import yaml

from toolkit.redaction import redacted
from toolkit.translatable import _


class NotYamlError(ValueError):
    """A text is no YAML; ``said`` tells where and why in words, without anything of the text but a name."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def read_yaml(text: str) -> Any:
    """Return what a text says.

    Raises:
        NotYamlError: It is no YAML, nests deeper than can be read, holds a value that is none, such as a 31 February,
            or names something twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader
    except RecursionError:
        raise NotYamlError(_("it is nested too deeply")) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = _("it is no YAML") if mark is None else _("line {line} is no YAML", line=mark.line + 1)
        raise NotYamlError(said) from None
    except NotYamlError:
        raise
    except (ValueError, OverflowError):
        raise NotYamlError(_("it holds a date or number that there is not")) from None


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    line = key.start_mark.line + 1
                    raise NotYamlError(
                        _("{name!r} stands a second time in line {line}", name=redacted(key.value), line=line)
                    )
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)
