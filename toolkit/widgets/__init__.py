"""Forms in JupyterLab: widgets over the Python interface. They hold no logic; a line of Python does the same."""

from toolkit.widgets.ad_sets_form import AdSetsForm
from toolkit.widgets.audiences_form import AudiencesForm
from toolkit.widgets.audit_panel import AuditPanel
from toolkit.widgets.connection_form import ConnectionForm
from toolkit.widgets.connections_list import ConnectionsList
from toolkit.widgets.disclosure_form import DisclosureForm
from toolkit.widgets.export_form import ExportForm
from toolkit.widgets.exports_list import ExportsList
from toolkit.widgets.health_panel import HealthPanel
from toolkit.widgets.history_panel import HistoryPanel
from toolkit.widgets.people_form import PeopleForm
from toolkit.widgets.preview_form import PreviewForm
from toolkit.widgets.run_panel import RunPanel
from toolkit.widgets.segment_form import SegmentForm, SegmentsList
from toolkit.widgets.start_page import StartPage
from toolkit.widgets.suppression_form import ForgetForm, SuppressionForm
from toolkit.widgets.tables_form import TablesForm

__all__ = [
    "AdSetsForm",
    "AudiencesForm",
    "AuditPanel",
    "ConnectionForm",
    "ConnectionsList",
    "DisclosureForm",
    "ExportForm",
    "ExportsList",
    "ForgetForm",
    "HealthPanel",
    "HistoryPanel",
    "PeopleForm",
    "PreviewForm",
    "RunPanel",
    "SegmentForm",
    "SegmentsList",
    "StartPage",
    "SuppressionForm",
    "TablesForm",
]
