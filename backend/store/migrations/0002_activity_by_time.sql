-- The log by time: lines that are too old go (activity_days), the page asks for a day, and the overview draws the last one.
CREATE INDEX activity_time ON activity (org_id, at_ms);
CREATE INDEX activity_source_time ON activity (org_id, source, at_ms, outcome);
-- Who called last, without reading the lines themselves.
DROP INDEX activity_actor;
CREATE INDEX activity_actor_time ON activity (org_id, source, actor, at_ms);
