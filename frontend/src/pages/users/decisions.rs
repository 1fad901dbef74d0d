//! What an admin may decide about a person, and what each answer means.
//!
//! Owns: the buttons, the question behind each, and asking for many people at once. Must never offer what the backend does not allow for
//! that person now. Start at [`decisions`].

use admin_api::{ClaimMeans, Person};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::{Button, Confirm, failure},
    host::Host,
};

/// An answer, and what it means.
#[derive(PartialEq, Eq)]
pub struct Decision {
    /// The last part of its route.
    route: &'static str,
    /// On the button.
    action: &'static str,
    /// What happens at once.
    now: &'static str,
    /// What follows later.
    later: &'static str,
    /// Said once it is done.
    done: &'static str,
    /// It takes access or management away.
    takes_away: bool,
    /// Somebody else may know the password, so that it becomes random unless the admin says no.
    password: bool,
}

const CLAIM: Decision = Decision {
    route: "claim",
    action: "Manage this account",
    now: "From now on the account in Grafana follows your identity provider: profile, access and teams are made to match at once.",
    later: "If this person is not active there, the account is closed.",
    done: "The account is managed now",
    takes_away: false,
    password: true,
};

const SAME_PERSON: Decision = Decision {
    action: "Give the account back",
    now: "It is the same person: the account is given back, with its roles and teams, and follows your identity provider.",
    done: "The account is given back",
    ..CLAIM
};

const MANAGE_AGAIN: Decision = Decision {
    password: false,
    ..CLAIM
};

const OPEN_AGAIN: Decision = Decision {
    action: "Open again",
    now: "Somebody disabled this account by hand in Grafana. It is enabled again.",
    later: "From then on it follows your identity provider as before.",
    done: "The account is opened again",
    password: false,
    ..CLAIM
};

const JOIN_AGAIN: Decision = Decision {
    action: "Join again",
    now: "Somebody took this account out of the organization by hand. It joins again.",
    done: "The account joins the organization again",
    ..OPEN_AGAIN
};

const MAKE_AGAIN: Decision = Decision {
    action: "Make again",
    now: "Somebody deleted this account by hand in Grafana. A new one is made for the same person.",
    done: "The account is made again",
    ..OPEN_AGAIN
};

const KEEP_CLOSED: Decision = Decision {
    route: "keep-closed",
    action: "Keep closed",
    now: "The account is closed at once, whatever your identity provider says.",
    later: "It stays closed when the provider activates this person, until you let the provider decide again.",
    done: "The account is kept closed",
    takes_away: true,
    password: false,
};

const FOLLOW: Decision = Decision {
    route: "follow",
    action: "Let the provider decide",
    now: "Your identity provider's word counts again. If this person is active there, the account is opened.",
    later: "An account that somebody disabled by hand in Grafana stays so, and you are asked.",
    done: "The provider decides again",
    takes_away: false,
    password: false,
};

const RELEASE: Decision = Decision {
    route: "release",
    action: "Stop managing",
    now: "The account in Grafana stays exactly as it is, with its organizations, roles and teams, and Rollcall does not touch it any more.",
    later: "When your identity provider deactivates or deletes this person, the account is not closed: that is up to you then.",
    done: "The account is no longer managed",
    takes_away: true,
    password: false,
};

/// What may be decided about this person now, the answer to an open question first.
pub fn decisions(person: &Person) -> Vec<&'static Decision> {
    let claim = person.claim.map(|means| match means {
        ClaimMeans::ManageThis => &CLAIM,
        ClaimMeans::SamePerson => &SAME_PERSON,
        ClaimMeans::OpenAgain => &OPEN_AGAIN,
        ClaimMeans::JoinAgain => &JOIN_AGAIN,
        ClaimMeans::MakeAgain => &MAKE_AGAIN,
        ClaimMeans::ManageAgain => &MANAGE_AGAIN,
    });
    let others = [
        (person.may_follow, &FOLLOW),
        (person.may_keep_closed, &KEEP_CLOSED),
        (person.may_release, &RELEASE),
    ];
    let others = others.into_iter().filter(|(may, _)| *may).map(|(_, what)| what);
    claim.into_iter().chain(others).collect()
}

/// A person that a decision is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    /// SCIM id.
    pub id: String,
    /// userName.
    pub name: String,
}

/// How many names a question lists.
const NAMES_SHOWN: usize = 10;

/// The button, and the question behind it, about one person or about several.
pub fn decision_button(decision: &'static Decision, people: Vec<Asked>, changed: Callback<()>) -> AnyView {
    let host = Host::get();
    let (asked, busy) = (RwSignal::new(false), RwSignal::new(false));
    let failed = RwSignal::new(None::<String>);
    let keep_password = RwSignal::new(false);
    let count = people.len();
    let (title, text) = match &people[..] {
        [one] => (
            format!("{}: {}?", decision.action, one.name),
            decision.action.to_owned(),
        ),
        _ => (
            format!("{}: {count} people?", decision.action),
            format!("{} ({count})", decision.action),
        ),
    };
    let shown: Vec<&str> = people.iter().take(NAMES_SHOWN).map(|p| p.name.as_str()).collect();
    let more = count.saturating_sub(NAMES_SHOWN);
    let names = match (count, more) {
        (1, _) => String::new(),
        (_, 0) => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    };
    let (people, title, names) = (
        StoredValue::new(people),
        StoredValue::new(title),
        StoredValue::new(names),
    );
    let confirm = move || {
        busy.set(true);
        spawn_local(async move {
            let mut refused = Vec::new();
            // One after the other: what is refused for one person is done for the others.
            for person in people.get_value() {
                let keep = keep_password.get_untracked();
                if let Err(error) = api::decide(host, decision.route, &person.id, keep).await {
                    refused.push((person.name, error.message));
                }
            }
            busy.try_set(false);
            let all = refused.is_empty();
            if failed.try_set((!all).then(|| told(count, refused))).is_some() {
                return;
            }
            if all {
                host.notify_success(decision.done);
                asked.try_set(false);
            }
            changed.run(());
        });
    };
    view! {
        <Button on_click=move |_| asked.set(true)>{text}</Button>
        <Show when=move || asked.get()>
            <Confirm title=title.get_value() action=decision.action destructive=decision.takes_away busy=busy on_confirm=confirm on_close=move || asked.set(false)>
                {failure("It was not done", failed)}
                {(count > 1).then(|| view! { <p>{names.get_value()}</p> })}
                <p class="rcl-consequence">{decision.now}</p>
                <p>{decision.later}</p>
                {decision.password.then(|| password(keep_password))}
            </Confirm>
        </Show>
    }
    .into_any()
}

/// What was not done, and why, by name; `count`: of how many.
fn told(count: usize, refused: Vec<(String, String)>) -> String {
    if count == 1 {
        return refused.into_iter().map(|(_, why)| why).collect();
    }
    let lines: Vec<String> = refused.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    format!("{} of {count} were not done. {}", lines.len(), lines.join(" "))
}

fn password(keep: RwSignal<bool>) -> AnyView {
    view! {
        <label class="rcl-check">
            <input type="checkbox" prop:checked=keep on:change=move |event| keep.set(event_target_checked(&event)) />
            "Keep its password. Otherwise it becomes random, and open sessions end: another person may know it."
        </label>
    }
    .into_any()
}
