-- The view calls looks for a call's other revisions by day and call_uid. No index had both, and the primary key began with
-- the day; so, while a fresh partition has no statistics (until autovacuum has come by) and the planner takes any two
-- conditions for equally good ones, it read all of a day's records once for each record: minutes for some ten thousand.
-- Now one index answers both conditions, and none begins with the day. This builds the two indexes anew, one partition after
-- the other in one transaction: on a large table it takes its time, and loaders wait.

-- +goose Up
DROP INDEX calltrail.call_record_call_uid;
CREATE INDEX call_record_call_uid ON calltrail.call_record (call_uid, day);
ALTER TABLE calltrail.call_record DROP CONSTRAINT call_record_pkey, ADD PRIMARY KEY (record_id, day);
-- For the days of a partition: records come nearly in their order.
CREATE INDEX call_record_day ON calltrail.call_record USING brin (day) WITH (pages_per_range = 32);

-- +goose Down
DROP INDEX calltrail.call_record_day;
ALTER TABLE calltrail.call_record DROP CONSTRAINT call_record_pkey, ADD PRIMARY KEY (day, record_id);
DROP INDEX calltrail.call_record_call_uid;
CREATE INDEX call_record_call_uid ON calltrail.call_record (call_uid);
