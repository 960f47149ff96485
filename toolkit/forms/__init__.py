"""Forms in JupyterLab: widgets over the Python interface. They hold no logic; a line of Python does the same."""

from toolkit.forms.connection_form import ConnectionForm
from toolkit.forms.connections_list import ConnectionsList
from toolkit.forms.export_form import ExportForm
from toolkit.forms.exports_list import ExportsList
from toolkit.forms.history_panel import HistoryPanel
from toolkit.forms.run_panel import RunPanel

__all__ = ["ConnectionForm", "ConnectionsList", "ExportForm", "ExportsList", "HistoryPanel", "RunPanel"]
