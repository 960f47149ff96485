"""What errors and notices say where somebody is in a form: the button or box that mends it, and no Python.

A text keeps its template, also when it was stored with a run; so a form can say another sentence with the same values,
and translate that one. A sentence that names Python and has no other one here is of what no form does.
"""

from collections.abc import Mapping

from toolkit.translatable import Text, mark

SEND_WHOLE = mark("Empty each list and send it whole")
"""The box of the run's form that some of these name."""

SENTENCES: Mapping[str, str] = {
    # Consent
    "Name them, such as consent_values=['yes']; or choose a column of true and false, dates or times.": mark(
        "Name them in “Values that mean consent”; or choose a column of true and false, dates or times."
    ),
    "Name the column as consent_column, and its values as consent_values=['yes'].": mark(
        "Choose the “Column that says who consents”, and name its values in “Values that mean consent”."
    ),
    "Run it with mode='mirror' or mode='replace'.": mark("Choose another “Mode” in the export, and save it."),
    # Runs
    "If it is meant, run with allow=[{guards}].": mark(
        "If it is meant, tick it under “Pass these guards knowingly” and run it again."
    ),
    "The contact list was deleted at Criteo. Choose: run with if_list_gone='remake' (in a terminal, --if-list-gone "
    "remake) to make it anew and send all, or take the segment out of the export.": mark(
        "The contact list was deleted at Criteo. Tick “Make lists anew that were deleted at Criteo” and run it again, "
        "or take the segment out of the export."
    ),
    "Use the workspace that changed the list last. If that one is gone, or this one was restored from a backup, first "
    "forget and suppress anew whoever asked for it since: they would be sent again. Then choose: run the export with "
    "mode='replace', which empties the list and sends it whole; or with allow=['other ledger'], which keeps what the "
    "list holds: whom the other one put there can't be known.": mark(
        "Use the workspace that changed the list last. If that one is gone, or this one was restored from a backup, "
        "first forget and suppress anew whoever asked for it since: they would be sent again. Then choose: tick “Empty "
        "each list and send it whole” and run; or tick “Other workspace” under “Pass these guards knowingly”, which "
        "keeps what the list holds: whom the other one put there can't be known."
    ),
    "Two copies of a workspace fill this list. Stop one of them, then run the export of the other with mode='replace', "
    "which empties the list and sends it whole.": mark(
        "Two copies of a workspace fill this list. Stop one of them, then run the export of the other with “Empty each "
        "list and send it whole” ticked."
    ),
    "Run the export once with mode='replace': that empties the list and sends it whole.": mark(
        "Run the export once with “Empty each list and send it whole” ticked."
    ),
    "Run export {filled_by!r}, which fills it too, with mode='replace'.": mark(
        "Run export {filled_by!r}, which fills it too, with “Empty each list and send it whole” ticked."
    ),
    "The list was sent {sent}, so that not all of the person can be named to be removed. Run export {export!r} with "
    "mode='replace'.": mark(
        "The list was sent {sent}, so that not all of the person can be named to be removed. Run export {export!r} "
        "with “Empty each list and send it whole” ticked."
    ),
    "{taken_over_from} It was taken over: whom the other workspace put there can't be known, and stays. To leave "
    "exactly the segment in it, run the export once with mode='replace'.": mark(
        "{taken_over_from} It was taken over: whom the other workspace put there can't be known, and stays. To leave "
        "exactly the segment in it, run the export once with “Empty each list and send it whole” ticked."
    ),
    "Criteo counts {identifiers:,} identifiers in list {expected!r} ({list_id}), which should hold {should}: somebody "
    "else changed it, or something was lost there. Run the export with mode='replace' to send it anew.": mark(
        "Criteo counts {identifiers:,} identifiers in list {expected!r} ({list_id}), which should hold {should}: "
        "somebody else changed it, or something was lost there. Run the export with “Empty each list and send it "
        "whole” ticked to send it anew."
    ),
    "Somebody edited the description of contact list {contact_list!r} ({contact_list_id}) at Criteo: the mark by which "
    "this workspace knows its lists is gone. A run that changes the list puts it back. Another workspace that changed "
    "the list meanwhile can't be told: if there may be one, run the export with mode='replace'.": mark(
        "Somebody edited the description of contact list {contact_list!r} ({contact_list_id}) at Criteo: the mark by "
        "which this workspace knows its lists is gone. A run that changes the list puts it back. Another workspace "
        "that changed the list meanwhile can't be told: if there may be one, run the export with “Empty each list and "
        "send it whole” ticked."
    ),
    "{count:,} of those who entered the list of segment {segment!r} had left it before, and entered it {often} times "
    "or more often: workspace.runs.flapping({export!r}) names them.": mark(
        "{count:,} of those who entered the list of segment {segment!r} had left it before, and entered it {often} "
        "times or more often."
    ),
    # Exports
    "Give the export another list name, such as list_name='{{segment}} ({{export}})'; rename that list there; or, to "
    "fill that one, save the export with lists={{{segment!r}: {found!r}}}.": mark(
        "Under “Name”, give the export another list name, such as {{segment}} ({{export}}); or rename that list at "
        "Criteo."
    ),
    "Let the name of the lists tell the segment: list_name='{segment}'.": mark(
        "Let the name of the lists tell the segment: write {segment} into the field “Name”."
    ),
    "Remove it with lists='keep', and end the lists where they are filled.": mark(
        "Remove it and keep the lists at Criteo, and end the lists where they are filled."
    ),
    "Remove it with lists='keep', and run export {export!r} with mode='replace': then the list holds what that one "
    "puts there. Or remove that export first.": mark(
        "Remove it and keep the lists at Criteo, and run export {export!r} with “Empty each list and send it whole” "
        "ticked: then the list holds what that one puts there. Or remove that export first."
    ),
    # Criteo audiences
    "Save the audience as it is there; or overwrite it with apply({name!r}, overwrite=True).": mark(
        "Save audience {name!r} as it is there; or tick “Overwrite what somebody changed at Criteo” and apply."
    ),
    "Choose another name; or, to take that one over, save the audience with adopts={id!r}.": mark(
        "Choose another name, or rename audience {id} at Criteo."
    ),
    "Apply it with workspace.audiences.apply({name!r}), then link the ad set.": mark(
        "Compare audience {name!r} with Criteo and apply it, then link the ad set."
    ),
    "To replace that one, name it: replaces={audience_id!r}.": mark(
        "Find the ad sets again: somebody linked audience {audience_id} meanwhile."
    ),
    "Pass advertiser_id, one of {known}.": mark("Choose one of the advertisers: {known}."),
    "Save one with workspace.audiences.save(…).": mark("Declare one on the page of Criteo audiences."),
    # Connections
    "Make one with workspace.connections.set_up(name).": mark("Make one on the page of connections."),
    "Ask one who is to run workspace.connections.seal({connection!r}), or an administrator to rotate it.": mark(
        "Ask one who is to choose “Seal to those who wait” for connection {connection!r}, or an administrator to "
        "choose “Replace the secret”."
    ),
    "Waiting for their seal: {waiting}; an export user runs workspace.connections.seal({name!r})": mark(
        "Waiting for their seal: {waiting}; an export user chooses “Seal to those who wait” for connection {name!r}"
    ),
    "Rotate the secret at Criteo, because of {rotate_because}; then run workspace.connections.rotate({name!r}, "
    "…)": mark(
        "Rotate the secret at Criteo, because of {rotate_because}; then choose “Replace the secret” for connection "
        "{name!r}"
    ),
    "Have an administrator read the text as it is now, and save the connection again with i_agree=True.": mark(
        "Have an administrator read the text as it is now, and save the connection again with “I agree” ticked."
    ),
    "Read the text and agree to it (i_agree=True). It says: {consent_text}": mark(
        "Read the text and tick “I agree”. It says: {consent_text}"
    ),
    # People
    "Run workspace.people.join() and hand the line that it shows to an administrator; or name your own key with the "
    "environment variable TOOLKIT_KEY_FILE.": mark(
        "Hand the line that the page of people shows you to an administrator, who lets you in there."
    ),
    "Copy the whole line that workspace.people.join() shows them.": mark(
        "Copy the whole line that the page of people shows them."
    ),
    # Suppression
    "Correct the rows, or pass skip_unusable=True to add the people of the others.": mark(
        "Correct the rows, or tick “Leave out rows that name nobody” to add the people of the others."
    ),
    "Write them as the profiles do; or pass skip_unusable=True to add them as they are.": mark(
        "Write them as the profiles do; or tick “Leave out rows that name nobody” to add them as they are."
    ),
    "Keep people out of runs with workspace.suppressions.add(…).": mark(
        "Keep people out of runs on the page of people who are left out."
    ),
    # Criteo audiences
    "See what is there with workspace.audiences.plan(), then apply it again.": mark(
        "Choose “Compare with Criteo” to see what is there, then apply it again."
    ),
    # Tables and segments
    "Build one with workspace.segments.build(name, where=…).": mark("Build one on the page of segments."),
    'Say it with read_from(profiles=Profiles(location="…", key="CustomerId")).': mark(
        "Choose “Read other tables” on the start page, and say it there."
    ),
    'Say it with read_from(segments=SegmentFolder(location="…", key="CustomerId")).': mark(
        "Choose “Read other tables” on the start page, and say it there."
    ),
    'Set one with read_from(segments=SegmentFolder(location="…", key="CustomerId")), and build it there.': mark(
        "Choose “Read other tables” on the start page, name a folder for segments, and build it there."
    ),
    "Nothing was sent. See that workspace.toml names the right tables, and sign them with "
    "workspace.read_from(profiles=…, segments=…).": mark(
        "Nothing was sent. Choose “Read other tables” on the start page, see that the tables are right, and save them."
    ),
    "Write the condition as SQL, or save the segment with dynamic=False.": mark(
        "Write the condition as SQL, or take the tick from “Dynamic”."
    ),
    "Write what stands after WHERE, such as where=\"Country = 'Netherlands' AND Orders > 1\".": mark(
        "Write what stands after WHERE, such as Country = 'Netherlands' AND Orders > 1."
    ),
    # Runs and schedules
    "Run an export with workspace.runs.start(name).": mark("Run an export on the page of runs."),
    "Save one with workspace.exports.save(…).": mark("Add one on the page of exports."),
    "There never was one. See: toolkit schedule show --help.": mark(
        "There never was one. Have whoever keeps this machine let its scheduler start the refresh."
    ),
    "Start one with workspace.refreshes.start(), or have a schedule start them.": mark(
        "Have whoever keeps this machine let its scheduler start them."
    ),
    # What an administrator does outside of the forms
    "Ask an administrator to run workspace.restore_signed_rows().": mark(
        "Ask an administrator to bring the signed rows back: the page “Work as a team” of the documentation says how."
    ),
    "Find out who changed the database, and have an administrator put it back as it was signed, with "
    "workspace.restore_signed_rows().": mark(
        "Find out who changed the database, and have an administrator put it back as it was signed: the page “Work as "
        "a team” of the documentation says how."
    ),
    'Ask your administrator for the root. If it is this one, confirm it with workspace.trust("{here}").': mark(
        "Ask your administrator for the root of this workspace, and whether it is {here}: the page “Work as a team” "
        "of the documentation says how to confirm it."
    ),
    "Ask your administrator. If a backup was brought back on purpose, confirm it with "
    "workspace.trust(newest_row={newest}).": mark(
        "Ask your administrator whether a backup was brought back on purpose: the page “Backup and restore” of the "
        "documentation says how to confirm it, up to row {newest}."
    ),
    "Ask your administrator. If the change is meant, confirm it with workspace.trust(hosts={{{name!r}: "
    "{host!r}}}).": mark(
        "Ask your administrator whether connection {name!r} goes to {host!r} now: the page “Work as a team” of the "
        "documentation says how to confirm it."
    ),
    "Have an administrator run `toolkit workspace upgrade --workspace FOLDER`.": mark(
        "Have an administrator upgrade the workspace: the page “Commands” of the documentation says how."
    ),
    "Somebody changed the database. Bring it back from a backup; or suppress its people anew, and lift it with "
    "workspace.suppressions.lift({record!r}).": mark(
        "Somebody changed the database. Bring it back from a backup; or suppress its people anew, and lift entry "
        "{record!r} with “Lift this entry”."
    ),
    "Find out who changed the file. If it is right, sign it with workspace.checks.sign({name!r}), else remove it with "
    "workspace.checks.remove({name!r}).": mark(
        "Find out who changed the file of the checks {name!r}, and ask whoever made them to sign or remove them: the "
        "page “Checks and guards” of the documentation says how."
    ),
    "Scheduled runs read what is saved; workspace.save_tables() saves what this session reads.": mark(
        "Scheduled runs read what is saved: save the tables on the start page."
    ),
}


def in_form(text: str) -> str:
    """Return what a form says in the place of a text that names Python; the text itself where there is nothing else.

    Args:
        text: A text, of which each part may be translatable.
    """
    if not isinstance(text, Text):
        return text
    values = {name: in_form(it) if isinstance(it, str) else it for name, it in text.values.items()}
    if text.many is None and text.template in SENTENCES:
        return Text(SENTENCES[text.template], **values)
    return Text(text.template, text.many, text.amount, **values)
