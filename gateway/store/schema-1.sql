-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The store, schema version 1 (PRAGMA user_version). Times are Unix milliseconds.
--
-- Bodies lie in tables that grow at their end; what has to be found by a random key is a narrow index beside them. Clustering bodies by
-- device cost 4-5 times the throughput once the backlog exceeds the cache.

-- What waits for devices. AUTOINCREMENT: seq is never used again, so that a reader's cursor stays valid when the tail is acknowledged.
CREATE TABLE queue (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	part INTEGER NOT NULL,
	device BLOB NOT NULL,
	id BLOB NOT NULL,
	tag INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	body BLOB NOT NULL
);
CREATE UNIQUE INDEX queue_item ON queue (device, id, tag);
CREATE INDEX queue_expiry ON queue (expires_ms);

CREATE TABLE job (
	seq INTEGER PRIMARY KEY,
	part INTEGER NOT NULL,
	id BLOB NOT NULL,
	state INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	body BLOB NOT NULL
);
CREATE UNIQUE INDEX job_id ON job (id);
-- 7 is FG_JOB_FINAL. state is in the index so that jobs are counted without their bodies.
CREATE INDEX job_live ON job (due_ms, state) WHERE state <> 7;
CREATE INDEX job_final ON job (due_ms) WHERE state = 7;

CREATE TABLE kv (
	kind INTEGER NOT NULL,
	key BLOB NOT NULL,
	version INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (kind, key)
) WITHOUT ROWID;

-- Far sides' message ids, for delivery reports.
CREATE TABLE ref (
	key BLOB NOT NULL PRIMARY KEY,
	id BLOB NOT NULL,
	number INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX ref_id ON ref (id);

CREATE TABLE prekey (
	device BLOB NOT NULL,
	number INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (device, number)
) WITHOUT ROWID;
