//! How many people there are of each access, for the chips above the list.
//!
//! Owns: counting 100,000 people in the time of a key press. Must never disagree with what a filter
//! finds: both ask [`AccessState::condition`]. Start at [`Store::access_counts`].

use std::collections::BTreeMap;

use domain::Tenant;
use scim::key::fold;
use sqlx::{QueryBuilder, Sqlite};

use super::access_state::{AccessState, EXCEPTIONS, JOINED};
use crate::{
    Result, Store,
    sql::{self, statements},
};

statements! {
    MATCHING =
        "SELECT count(*) FROM scim_user u \
         WHERE u.org_id = $1 AND u.connection = $2 AND ($3 = '' OR instr(u.search_key, $3) > 0)";
    USERS_WAITING =
        "SELECT count(*) FROM work WHERE org_id = $1 AND connection = $2 AND kind = 'User'";
}

/// People without an account. `ORDER BY` lets SQLite walk two indexes side by side: 15 ms for
/// 100,000 people.
const WITHOUT_ACCOUNT: &str = "SELECT id FROM (SELECT id FROM scim_user EXCEPT SELECT user_id FROM account WHERE grafana_id IS NOT NULL ORDER BY 1)";

/// The look-up of one exception takes as long as four people in a row.
const EXCEPTION_COSTS: i64 = 4;

/// How many people match, and how many of them have each state. `few`: only the exceptions are
/// read.
fn sums(few: bool) -> QueryBuilder<Sqlite> {
    let mut text = sql::build("SELECT count(*)");
    for access in AccessState::ALL {
        text.push(format!(", coalesce(sum({}), 0)", access.condition()));
    }
    text.push(" FROM ");
    if few {
        text.push(format!(
            "({EXCEPTIONS} UNION {WITHOUT_ACCOUNT}) x CROSS JOIN scim_user u ON u.id = x.id"
        ));
    } else {
        text.push("scim_user u");
    }
    text.push(format!(
        " {JOINED} WHERE u.org_id = $1 AND u.connection = $2 AND ($3 = '' OR instr(u.search_key, $3) > 0)"
    ));
    text
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<String> {
    [true, false].map(|few| sums(few).into_string()).to_vec()
}

impl Store {
    /// How many people have each access, by its name in the API, among those with `text` in
    /// userName, name or e-mail. `first_login`: people may lack an account because they have not
    /// signed in yet, and they are too many for an index.
    pub async fn access_counts(
        &self,
        tenant: &Tenant,
        text: &str,
        first_login: bool,
    ) -> Result<BTreeMap<&'static str, i64>> {
        let text = fold(text.trim());
        let total: i64 = MATCHING
            .query_scalar()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(&text)
            .fetch_one(&self.read)
            .await?;
        let waiting: i64 = USERS_WAITING
            .query_scalar()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_one(&self.read)
            .await?;
        // During the first sync of a company everyone waits, and there is no one to leave out.
        let few = !first_login && waiting.saturating_mul(EXCEPTION_COSTS) < total;
        let row = sums(few)
            .build()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(&text)
            .fetch_one(&self.read)
            .await?;
        let seen: i64 = sqlx::Row::try_get(&row, 0)?;
        let mut counts = BTreeMap::new();
        for (at, access) in AccessState::ALL.into_iter().enumerate() {
            let count: i64 = sqlx::Row::try_get(&row, at + 1)?;
            // A person who is no exception is active.
            let rest = if access == AccessState::Active {
                total.saturating_sub(seen)
            } else {
                0
            };
            counts.insert(access.name(), count + rest);
        }
        Ok(counts)
    }
}
