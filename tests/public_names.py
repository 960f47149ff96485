"""What users call and the toolkit itself does not, for the search for dead code: a name that is gone fails the import."""

from toolkit import Credentials, Profiles, Run, Workspace
from toolkit.criteo import CriteoClient
from toolkit.runs import ListResult
from toolkit.sandbox import Fault, Sandbox
from toolkit.workspace.records import BatchRecord

PUBLIC = [
    Credentials.from_environment,
    Credentials.from_file,
    CriteoClient.add_with_attributes,
    CriteoClient.find_or_create_list,
    Fault.DROP_BEFORE,
    ListResult.held_by_criteo,
    Profiles.check_keys,
    Run.data_docs,
    Sandbox.expire_tokens,
    Sandbox.give_consent,
    Sandbox.stop_failing,
    Sandbox.withdraw_consent,
    Workspace.checks.add,
    Workspace.runs.membership,
    Workspace.checks,
    Workspace.quality,
    Workspace.refreshes,
    Workspace.checks.remove,
    Workspace.checks.sign,
    # What is kept for whoever asks the database.
    BatchRecord.sent_at,
    BatchRecord.acknowledged_at,
]
