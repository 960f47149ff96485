"""Forms in JupyterLab: widgets over the Python interface. They hold no logic; a line of Python does the same."""

from toolkit.widgets.connection_form import ConnectionForm
from toolkit.widgets.connections_list import ConnectionsList
from toolkit.widgets.export_form import ExportForm
from toolkit.widgets.exports_list import ExportsList
from toolkit.widgets.history_panel import HistoryPanel
from toolkit.widgets.run_panel import RunPanel

__all__ = ["ConnectionForm", "ConnectionsList", "ExportForm", "ExportsList", "HistoryPanel", "RunPanel"]
