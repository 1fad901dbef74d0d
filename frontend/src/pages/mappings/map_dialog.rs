//! "Map…": a group, a team, as what, and what about people who were added by hand.

use admin_api::{GroupRow, MappingEdit, MappingKind, MappingRow, MemberPolicy, NewMapping, Team};
use leptos::{prelude::*, reactive::graph::untrack, task::spawn_local};

use super::{
    impact::impact,
    team_picker::{Target, TeamPicker},
};
use crate::{
    api::{self, Change},
    components::{Button, ButtonLook, Choice, Modal, RadioGroup, failure},
    format,
    host::Host,
};

/// The dialog: a mapping more, or `edit` another one. `team` is chosen beforehand by "Map to it".
#[component]
pub fn MapDialog(
    group: GroupRow,
    team: Option<Team>,
    edit: Option<MappingRow>,
    on_done: impl Fn() + Copy + Send + Sync + 'static,
    on_close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let host = Host::get();
    let target = RwSignal::new(team.map(Target::Existing));
    let kind = RwSignal::new(edit.as_ref().map_or(MappingKind::Member, |mapping| mapping.kind));
    let policy = RwSignal::new(edit.as_ref().map_or(MemberPolicy::Keep, |mapping| mapping.policy));
    let missing = RwSignal::new(None::<String>);
    let failed = RwSignal::new(None::<String>);
    let (busy, told) = (RwSignal::new(false), RwSignal::new(false));
    let title = match &edit {
        Some(mapping) => format!("{} in the team {}", group.display_name, mapping.team_name),
        None => format!("Map {}", named(&group)),
    };
    let picker = edit
        .is_none()
        .then(|| view! { <TeamPicker target=target missing=missing /> });
    let done = format!("The mapping of {} is saved", group.display_name);
    let (group_id, done) = (StoredValue::new(group.id), StoredValue::new(done));
    let editing = edit.map(|mapping| (mapping.id, mapping.paused));
    let change = move || change_of(editing, group_id, target, kind, policy);
    let preview = Memo::new(move |_| change().map(|change| change.preview));

    let save = move |_| {
        let Some(change) = untrack(change) else {
            missing.set(Some("Choose a team from the list, or a name for a new one.".to_owned()));
            return;
        };
        busy.set(true);
        failed.set(None);
        spawn_local(async move {
            match api::apply(host, change).await {
                Ok(()) => {
                    host.notify_success(&done.try_get_value().unwrap_or_default());
                    on_done();
                }
                Err(error) => {
                    busy.try_set(false);
                    let place = if matches!(error.field.as_deref(), Some("team_id" | "new_team")) {
                        missing
                    } else {
                        failed
                    };
                    place.try_set(Some(error.message));
                }
            }
        });
    };
    // Nothing is saved before it was said what it does.
    let waits = Signal::derive(move || busy.get() || preview.with(Option::is_some) && !told.get());
    view! {
        <Modal title=title on_close=on_close>
            {failure("The mapping was not saved", failed)}
            {picker}
            {choices(kind, policy)}
            {impact(preview, told)}
            <div class="rcl-modal__buttons">
                <Button on_click=move |_| on_close()>"Cancel"</Button>
                <Button look=ButtonLook::Primary disabled=waits on_click=save>"Save mapping"</Button>
            </div>
        </Modal>
    }
}

/// What *Save mapping* would do; nothing while no team is chosen.
fn change_of(
    editing: Option<(i64, bool)>,
    group_id: StoredValue<String>,
    target: RwSignal<Option<Target>>,
    kind: RwSignal<MappingKind>,
    policy: RwSignal<MemberPolicy>,
) -> Option<Change> {
    let (kind, policy) = (kind.get(), policy.get());
    if let Some((id, paused)) = editing {
        return Some(Change::edit(id, MappingEdit { kind, policy, paused }));
    }
    let (team_id, new_team) = match target.get()? {
        Target::Existing(team) => (Some(team.id), None),
        Target::New(name) => (None, Some(name)),
    };
    Some(Change::add(&NewMapping {
        group_id: group_id.get_value(),
        team_id,
        new_team,
        kind,
        policy,
    }))
}

/// As what the group's people join, and what becomes of the others.
fn choices(kind: RwSignal<MappingKind>, policy: RwSignal<MemberPolicy>) -> impl IntoView {
    view! {
        <div class="rcl-field">
            <span class="rcl-label">"The group's people become"</span>
            <RadioGroup
                name="kind"
                label="The group's people become"
                choices=vec![
                    Choice { value: MappingKind::Member, text: "Members" },
                    Choice { value: MappingKind::Admin, text: "Admins of the team" },
                ]
                value=Signal::derive(move || Some(kind.get()))
                on_choose=move |chosen| kind.set(chosen)
            />
        </div>
        <div class="rcl-field">
            <span class="rcl-label">"People who were added to the team by hand"</span>
            <RadioGroup
                name="policy"
                label="People who were added to the team by hand"
                choices=vec![
                    Choice { value: MemberPolicy::Keep, text: "Keep" },
                    Choice { value: MemberPolicy::Remove, text: "Remove" },
                ]
                value=Signal::derive(move || Some(policy.get()))
                on_choose=move |chosen| policy.set(chosen)
            />
        </div>
    }
}

/// "Engineering (212 people)".
fn named(group: &GroupRow) -> String {
    format!(
        "{} ({})",
        group.display_name,
        format::counted(group.members, "person", "people")
    )
}
