-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- What schema version 2 adds to version 1: messages of applications, at carrier speed.
--
-- The core gives the rows, ever growing; all tables but relay_key grow at their end and have no other index. A body is written once and
-- deleted when nothing can be sent any more; the small record beside it is rewritten in place, fifty to a page; what is final moves
-- into a table of its own, so that a restart reads only what is alive.

CREATE TABLE relay (
	row INTEGER PRIMARY KEY,
	id BLOB NOT NULL,
	state INTEGER NOT NULL,
	held INTEGER NOT NULL DEFAULT 0,
	record BLOB NOT NULL
);
CREATE TABLE relay_body (
	row INTEGER PRIMARY KEY,
	body BLOB NOT NULL
);
CREATE TABLE relay_final (
	row INTEGER PRIMARY KEY,
	id BLOB NOT NULL,
	record BLOB NOT NULL
);

-- Idempotency keys of applications that send them.
CREATE TABLE relay_key (
	key BLOB NOT NULL PRIMARY KEY,
	id BLOB NOT NULL,
	body BLOB NOT NULL,
	expires_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX relay_key_expiry ON relay_key (expires_ms);
