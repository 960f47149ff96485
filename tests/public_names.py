"""What users call and the toolkit itself does not, for the search for dead code: a name that is gone fails the import."""

from toolkit import AudiencePlan, Checks, Collection, Credentials, Profiles, Run, Runs, SuppressionEntry, Workspace
from toolkit.criteo import CriteoClient
from toolkit.runs import ListResult
from toolkit.sandbox import Fault, Sandbox
from toolkit.state.models import BatchRecord

PUBLIC = [
    AudiencePlan.is_up_to_date,
    Collection._ipython_key_completions_,
    SuppressionEntry.lifted_at,
    Credentials.from_environment,
    Credentials.from_file,
    CriteoClient.add_with_attributes,
    CriteoClient.find_or_create_list,
    Fault.DROP_BEFORE,
    ListResult.held_by_criteo,
    ListResult.retries,
    Profiles.check_keys,
    Run.data_docs,
    Sandbox.expire_tokens,
    Sandbox.give_consent,
    Sandbox.give_permission,
    Sandbox.set_delivery_status,
    Sandbox.stop_failing,
    Sandbox.withdraw_consent,
    Sandbox.withdraw_permission,
    Checks.add,
    Runs.membership,
    Workspace.checks,
    Workspace.quality,
    Workspace.refreshes,
    Checks.remove,
    Checks.sign,
    # What is kept for whoever asks the database.
    BatchRecord.sent_at,
    BatchRecord.acknowledged_at,
]
