//! A company of any size in no time: one person that Rollcall has made, copied in its store and in the stand-in's file.
//!
//! Owns: data for pages and measurements that need 100,000 people that Grafana and the store agree on. The only place outside of
//! `server` that writes its tables, so it copies rows whole and knows only the columns it has to change. Nothing may run on either file.

use std::path::Path;

use anyhow::{Context as _, Result};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions,
};

/// Of the demo company (`demo.rs`), and in no team that is mapped.
const MODEL: &str = "ada.king@example.com";

/// Person `number`'s login.
fn login(number: u32) -> String {
    MODEL.replace('@', &format!(".{number:06}@"))
}

/// `people` more in the stopped stand-in whose data lies in `data_dir`, after its demo.
///
/// # Errors
/// If either file cannot be changed.
pub async fn add(data_dir: &Path, people: u32) -> Result<()> {
    let first = grafana_stand_in::crowd::add(data_dir, MODEL, people, login)?;
    let store = data_dir.join("rollcall/rollcall.db");
    let options = SqliteConnectOptions::new()
        .filename(&store)
        .create_if_missing(false)
        // Slow is what this is for.
        .disable_statement_logging();
    let mut store = options
        .connect()
        .await
        .with_context(|| format!("opening {}", store.display()))?;
    // The one login becomes another wherever it stands, and with it every id that is made of it.
    let login = format!("printf('{}', n)", MODEL.replace('@', ".%06d@"));
    let id = |column: &str| format!("substr({column}, 1, 24) || printf('%012d', n)");
    let text = |column: &str| format!("replace({column}, '{MODEL}', {login})");
    let people_like_her = format!("numbers, scim_user WHERE user_name = '{MODEL}'");

    let mut change = store.begin().await?;
    copy(
        &mut change,
        "scim_user",
        people,
        &people_like_her,
        |column| match column {
            "pk" => None,
            "id" => Some(id(column)),
            "external_id" => Some(format!("{column} || '-' || n")),
            "org_id" | "active" | "version" | "created_ms" | "modified_ms" => Some(column.to_owned()),
            _ => Some(text(column)),
        },
    )
    .await?;
    let her_account = format!("numbers, account WHERE login = '{MODEL}'");
    copy(&mut change, "account", people, &her_account, |column| match column {
        "user_id" => Some(id(column)),
        "grafana_id" => Some(format!("{first} + n - 1")),
        "login" => Some(text(column)),
        _ => Some(column.to_owned()),
    })
    .await?;
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO scim_user_email (user_pk, value_key) SELECT pk, user_name_key FROM scim_user WHERE user_name LIKE '{}'",
        MODEL.replace('@', ".______@")
    )))
    .execute(&mut *change)
    .await?;
    change.commit().await?;
    Ok(store.close().await?)
}

/// `people` rows of `table`, each column as `value` says; none for one that SQLite numbers itself.
async fn copy(
    store: &mut SqliteConnection,
    table: &str,
    people: u32,
    from: &str,
    value: impl Fn(&str) -> Option<String>,
) -> Result<()> {
    let columns = sqlx::query(AssertSqlSafe(format!("PRAGMA table_info({table})")))
        .fetch_all(&mut *store)
        .await?;
    let columns: Vec<String> = columns.iter().map(|row| row.get("name")).collect();
    let (names, values): (Vec<_>, Vec<_>) = columns
        .iter()
        .filter_map(|name| Some((name.as_str(), value(name)?)))
        .unzip();
    let sql = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {people}) \
         INSERT INTO {table} ({}) SELECT {} FROM {from}",
        names.join(", "),
        values.join(", ")
    );
    let done = sqlx::query(AssertSqlSafe(sql)).execute(store).await?;
    anyhow::ensure!(
        done.rows_affected() == u64::from(people),
        "{} rows of {table} were made: is {MODEL} there?",
        done.rows_affected()
    );
    Ok(())
}
