//! The members of groups.
//!
//! Owns: the rows of `scim_member`. Must never cost O(group size) unless the members were asked for
//! or the whole set was sent (invariant 11). Start at [`change_members`].

use std::collections::HashMap;

use domain::Tenant;
use scim::{
    error::Error as ScimError,
    member::{Member, MemberKind},
    patch::MemberChange,
    render::GroupRef,
};
use sqlx::{Sqlite, SqliteExecutor, Transaction};

use super::{Error, Result, Store, WriteContext, sql::statements};

statements! {
    MEMBERS =
        "SELECT u.id, coalesce(m.display, u.user_name) FROM scim_member m \
         JOIN scim_user u ON u.pk = m.user_pk WHERE m.group_pk = $1 ORDER BY m.user_pk";
    GROUPS_OF_USER =
        "SELECT g.id, g.display_name FROM scim_member m JOIN scim_group g ON g.pk = m.group_pk \
         WHERE m.user_pk = $1 ORDER BY g.pk";
    TOUCH_GROUP =
        "UPDATE scim_group SET version = version + 1, modified_ms = max(modified_ms, $1) \
         WHERE id = $2";
    TOUCH_GROUPS_THAT_NAME =
        "UPDATE scim_group SET version = version + 1, modified_ms = max(modified_ms, $1) \
         WHERE pk IN (SELECT group_pk FROM scim_member WHERE user_pk = $2 AND display IS NULL)";
    UNKNOWN_USER =
        "SELECT json_extract(j.value, '$[0]') FROM json_each($1) j WHERE NOT EXISTS (SELECT 1 \
         FROM scim_user u \
         WHERE u.id = json_extract(j.value, '$[0]') AND u.org_id = $2 AND u.connection = $3) \
         LIMIT 1";
    ADD =
        "INSERT INTO scim_member (group_pk, user_pk, display) SELECT $1, u.pk, \
         json_extract(j.value, '$[1]') FROM json_each($2) j CROSS JOIN scim_user u \
         WHERE u.id = json_extract(j.value, '$[0]') ON CONFLICT (group_pk, user_pk) DO UPDATE \
         SET display = excluded.display \
         WHERE $3 AND excluded.display IS NOT NULL AND excluded.display <> \
         coalesce(scim_member.display, (SELECT user_name FROM scim_user WHERE pk = excluded.user_pk))";
    REMOVE =
        "DELETE FROM scim_member WHERE group_pk = $1 AND user_pk IN (SELECT u.pk \
         FROM json_each($2) j CROSS JOIN scim_user u WHERE u.id = j.value)";
    CLEAR = "DELETE FROM scim_member WHERE group_pk = $1";
    KEEP_ONLY =
        "DELETE FROM scim_member WHERE group_pk = $1 AND user_pk NOT IN (SELECT u.pk \
         FROM json_each($2) j CROSS JOIN scim_user u WHERE u.id = j.value)";
    GROUP_IDS_OF_USER =
        "SELECT g.id FROM scim_user u JOIN scim_member m ON m.user_pk = u.pk \
         JOIN scim_group g ON g.pk = m.group_pk \
         WHERE u.id = $1 AND u.org_id = $2 AND u.connection = $3 ORDER BY g.pk";
    GROUPS_OF_USERS =
        "SELECT u.id, g.id, g.display_name FROM json_each($1) j \
         CROSS JOIN scim_user u ON u.id = j.value JOIN scim_member m ON m.user_pk = u.pk \
         JOIN scim_group g ON g.pk = m.group_pk ORDER BY g.pk";
}

/// The groups of one user, inside a transaction.
pub(super) async fn groups_of_user(tx: &mut Transaction<'static, Sqlite>, user_pk: i64) -> Result<Vec<GroupRef>> {
    let rows: Vec<(String, String)> = GROUPS_OF_USER.query_as().bind(user_pk).fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(|(id, display)| GroupRef { id, display }).collect())
}

/// A change of a user changed the group's members: its version grows.
pub(super) async fn touch_group(tx: &mut Transaction<'static, Sqlite>, ctx: &WriteContext, id: &str) -> Result<()> {
    TOUCH_GROUP.query().bind(ctx.now_ms).bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// A user's name changed: the version of each group that shows it, because the client gave none for this member, grows.
pub(super) async fn touch_where_named(
    tx: &mut Transaction<'static, Sqlite>,
    ctx: &WriteContext,
    user_pk: i64,
) -> Result<()> {
    TOUCH_GROUPS_THAT_NAME
        .query()
        .bind(ctx.now_ms)
        .bind(user_pk)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::Unreadable {
        what: "list of members",
    })
}

/// Adds members and returns how many are new. One statement, however many: `CROSS JOIN` keeps
/// SQLite from scanning all users for each (46 s instead of 30 ms for 10,000, T1).
///
/// A member that is already there stays as it is, unless `rename`: a whole new list (Okta's PUT
/// after a change of a name) brings the names as well.
/// A name that is shown already is no change: it is what a client that sends back what it read has
/// for a member it gave none.
pub(super) async fn add(
    tx: &mut Transaction<'static, Sqlite>,
    ctx: &WriteContext,
    group_pk: i64,
    members: &[Member],
    rename: bool,
) -> Result<u64> {
    if let Some(nested) = members.iter().find(|m| m.kind == MemberKind::Group) {
        return Err(ScimError::invalid_value(format!(
            "Member {:?} is a group. Groups in groups are not supported: assign its people directly.",
            nested.value
        ))
        .into());
    }
    let list = json(&members.iter().map(|m| (&m.value, &m.display)).collect::<Vec<_>>())?;
    let unknown: Option<String> = UNKNOWN_USER
        .query_scalar()
        .bind(&list)
        .bind(ctx.tenant.org_id.get())
        .bind(&ctx.tenant.connection)
        .fetch_optional(&mut **tx)
        .await?;
    if let Some(value) = unknown {
        return Err(ScimError::invalid_value(format!(
            "There is no user with the id {value:?}. Create the user first, then add it to the group."
        ))
        .into());
    }
    let done = ADD
        .query()
        .bind(group_pk)
        .bind(&list)
        .bind(rename)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}

async fn remove(tx: &mut Transaction<'static, Sqlite>, group_pk: i64, ids: &[String]) -> Result<u64> {
    let done = REMOVE
        .query()
        .bind(group_pk)
        .bind(json(ids)?)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}

/// Applies member changes in order; returns whether any row changed.
pub(super) async fn change_members(
    tx: &mut Transaction<'static, Sqlite>,
    ctx: &WriteContext,
    group_pk: i64,
    changes: &[MemberChange],
) -> Result<bool> {
    let mut rows = 0;
    for change in changes {
        rows += match change {
            MemberChange::Add(members) => add(tx, ctx, group_pk, members, false).await?,
            MemberChange::Remove(ids) => remove(tx, group_pk, ids).await?,
            MemberChange::RemoveMatching(f) => {
                // Those named by their id alone come as `Remove`, and nobody else is read for them.
                let there = self::members(&mut **tx, group_pk).await?;
                let ids: Vec<String> = there.into_iter().filter(|m| f.matches(m)).map(|m| m.value).collect();
                remove(tx, group_pk, &ids).await?
            }
            MemberChange::Clear => CLEAR.query().bind(group_pk).execute(&mut **tx).await?.rows_affected(),
            MemberChange::Replace(members) => {
                let keep = json(&members.iter().map(|m| &m.value).collect::<Vec<_>>())?;
                let gone = KEEP_ONLY.query().bind(group_pk).bind(keep).execute(&mut **tx).await?;
                gone.rows_affected() + add(tx, ctx, group_pk, members, true).await?
            }
        };
    }
    Ok(rows > 0)
}

/// Every member of a group.
pub(super) async fn members<'e>(db: impl SqliteExecutor<'e>, group_pk: i64) -> Result<Vec<Member>> {
    let rows: Vec<(String, String)> = MEMBERS.query_as().bind(group_pk).fetch_all(db).await?;
    let member = |(value, display)| Member {
        value,
        display: Some(display),
        kind: MemberKind::User,
    };
    Ok(rows.into_iter().map(member).collect())
}

impl Store {
    /// Ids of the groups a user is in.
    pub async fn groups_of_user(&self, tenant: &Tenant, user_id: &str) -> Result<Vec<String>> {
        Ok(GROUP_IDS_OF_USER
            .query_scalar()
            .bind(user_id)
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?)
    }

    /// The groups of many users at once, by user id.
    pub(super) async fn groups_of(&self, user_ids: &[String]) -> Result<HashMap<String, Vec<GroupRef>>> {
        let rows: Vec<(String, String, String)> = GROUPS_OF_USERS
            .query_as()
            .bind(json(user_ids)?)
            .fetch_all(&self.read)
            .await?;
        let mut by_user: HashMap<String, Vec<GroupRef>> = HashMap::new();
        for (user, id, display) in rows {
            by_user.entry(user).or_default().push(GroupRef { id, display });
        }
        Ok(by_user)
    }
}
