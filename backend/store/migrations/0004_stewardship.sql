-- What an admin decided about a SCIM user's account in Grafana, and what waits for such a decision. It names one account, so that a
-- "yes" never counts for another one that took the login meanwhile.
CREATE TABLE stewardship (
    user_id    TEXT   PRIMARY KEY,
    org_id     BIGINT NOT NULL,
    connection TEXT   NOT NULL,
    -- 'asked': this account may be the person's, and an admin is to say so. 'approved': it is, and is claimed at the next look.
    -- 'released': Rollcall manages it no more.
    state      TEXT   NOT NULL,
    grafana_id BIGINT NOT NULL,
    login      TEXT   NOT NULL
);
CREATE INDEX stewardship_tenant ON stewardship (org_id, connection);
