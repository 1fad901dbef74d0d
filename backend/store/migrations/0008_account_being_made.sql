-- Whose user an account is being made for (the note itself is in `meta`): he may be deleted while Grafana is still making it, and then
-- nothing else tells in which organization it is to be looked for and closed.
CREATE TABLE account_being_made (
    user_id    TEXT   PRIMARY KEY,
    org_id     BIGINT NOT NULL,
    connection TEXT   NOT NULL,
    -- The first comparison that looked for it since.
    looked_ms  BIGINT
);
