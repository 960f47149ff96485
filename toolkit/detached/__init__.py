"""Runs in a process of their own: what began one may end, such as a page that is closed, and the run goes on.

The process is no child of the one that begins it. It tells how far it is to whoever listens, and in the run's folder,
where any other page finds it. It is canceled as any run: through the workspace.
"""

from toolkit.detached.process import RunProcess, begin_run
from toolkit.detached.progress_file import read_progress
from toolkit.detached.request import RunRequest

__all__ = ["RunProcess", "RunRequest", "begin_run", "read_progress"]
