"""Notification: people are told once when something goes wrong, and once when it is well again."""

from toolkit.alerts.channels import ADDRESSES_VARIABLE, FILE_VARIABLE, Address, configured_channels
from toolkit.alerts.run_alerts import alert_of_run, trouble_of_run
from toolkit.alerts.states import AlertKey, AlertState, Subject, alert_states, dispatch, headline, record_state

__all__ = [
    "ADDRESSES_VARIABLE",
    "FILE_VARIABLE",
    "Address",
    "AlertKey",
    "AlertState",
    "Subject",
    "alert_of_run",
    "alert_states",
    "configured_channels",
    "dispatch",
    "headline",
    "record_state",
    "trouble_of_run",
]
