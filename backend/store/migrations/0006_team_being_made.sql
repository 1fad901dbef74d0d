-- Teams that Grafana was asked for and that are nobody's yet. A row of its own for each name: a group may be renamed, or deleted, while
-- the call is under way, and what it made is looked for under the name that was asked for.
CREATE TABLE team_being_made (
    org_id     BIGINT NOT NULL,
    connection TEXT   NOT NULL,
    group_id   TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    -- When the call was about to be made.
    since_ms   BIGINT NOT NULL,
    PRIMARY KEY (org_id, connection, group_id, name)
);
