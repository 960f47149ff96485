"""The main job from end to end, on the sample data and an embedded Criteo."""

from toolkit.demo.demo import run_demo

__all__ = ["run_demo"]
