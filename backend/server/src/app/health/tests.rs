//! The alert rules that are shipped ask only for what the metrics have.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::*;

/// Grafana's file of alert rules, as far as Grafana refuses it without.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "apiVersion")]
    api_version: u8,
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(rename = "orgId")]
    _org_id: i64,
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "folder")]
    _folder: String,
    #[serde(rename = "interval")]
    _interval: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    uid: String,
    title: String,
    condition: String,
    data: Vec<Query>,
    #[serde(rename = "noDataState")]
    _no_data: NoData,
    #[serde(rename = "execErrState")]
    _failed: Failed,
    #[serde(rename = "for")]
    _for: String,
    labels: Labels,
    #[serde(rename = "annotations")]
    _annotations: Annotations,
}

#[derive(Deserialize)]
enum NoData {
    #[serde(rename = "OK")]
    Well,
}

#[derive(Deserialize)]
enum Failed {
    Error,
}

#[derive(Deserialize)]
struct Labels {
    severity: String,
}

#[derive(Deserialize)]
struct Annotations {
    #[serde(rename = "summary")]
    _summary: String,
    #[serde(rename = "description")]
    _description: String,
}

#[derive(Deserialize)]
struct Query {
    #[serde(rename = "refId")]
    ref_id: String,
    #[serde(rename = "datasourceUid")]
    source: String,
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "refId")]
    ref_id: String,
    expr: Option<String>,
    expression: Option<String>,
}

/// Every metric, as `/metrics` names it.
fn exported() -> BTreeSet<String> {
    let process = Process {
        writable: true,
        refused_writes: 0,
        pulse: PulseSeen::default(),
        now_ms: 0,
    };
    let row = Row {
        org_id: OrgId::new(1),
        tally: Tally::default(),
        status: EngineStatus::new(EngineState::Running, String::new()),
    };
    let text = prometheus(&process, &[row]);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let name = |line: &str| line.split(['{', ' ']).next().unwrap_or_default().to_owned();
    samples.map(name).collect()
}

fn asked_for(expr: &str) -> impl Iterator<Item = &str> {
    let words = expr.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("rollcall_"))
}

#[test]
fn every_alert_asks_for_a_metric_that_there_is() {
    let text = include_str!("../../../../../provisioning/alerting/rollcall.yaml");
    let file: File = serde_norway::from_str(text).expect("a file of alert rules");
    assert_eq!(file.api_version, 1);
    let (exported, mut uids) = (exported(), BTreeSet::new());
    let rules: Vec<&Rule> = file.groups.iter().flat_map(|group| &group.rules).collect();
    assert!(!rules.is_empty());
    for rule in rules {
        let title = &rule.title;
        assert!(uids.insert(&rule.uid), "{title}: two have one uid");
        assert!(
            ["critical", "warning"].contains(&rule.labels.severity.as_str()),
            "{title}"
        );
        let ids: Vec<&str> = rule.data.iter().map(|query| query.ref_id.as_str()).collect();
        assert!(
            ids.contains(&rule.condition.as_str()),
            "{title}: no query {}",
            rule.condition
        );
        let mut asked = Vec::new();
        for query in &rule.data {
            assert_eq!(query.ref_id, query.model.ref_id, "{title}");
            match (&query.model.expr, &query.model.expression) {
                (Some(expr), None) => asked.extend(asked_for(expr)),
                (None, Some(of)) => {
                    assert_eq!(query.source, "__expr__", "{title}");
                    assert!(ids.contains(&of.as_str()), "{title}: no query {of}");
                }
                other => panic!("{title}: {other:?}"),
            }
        }
        assert!(!asked.is_empty(), "{title} asks for nothing");
        for name in asked {
            assert!(
                exported.contains(name),
                "{title} asks for {name}, and there is {exported:?}"
            );
        }
    }
}
