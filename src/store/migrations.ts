/**
 * The host database, one statement list a version; a version that was released is never edited.
 *
 * `inbox` keeps done rows for a while so that an event the homeserver repeats is not answered again; `outbox` loses its content
 * when sent and keeps the row as long, so that a repeated run finds its key already there.
 */
export const hostMigrations: readonly string[] = [
  `
  CREATE TABLE account_sync (
    account TEXT PRIMARY KEY,
    device_id TEXT NOT NULL,
    next_batch TEXT NOT NULL,
    synced_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE room_position (
    account TEXT NOT NULL,
    room_id TEXT NOT NULL,
    event_id TEXT,
    PRIMARY KEY (account, room_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    account TEXT NOT NULL,
    room_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    key TEXT NOT NULL DEFAULT '',
    run_at_ms INTEGER NOT NULL,
    crashes INTEGER NOT NULL DEFAULT 0,
    done_at_ms INTEGER,
    UNIQUE (instance, event_id, key)
  ) STRICT;
  CREATE INDEX inbox_open ON inbox (instance, id) WHERE done_at_ms IS NULL;

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    txn_id TEXT NOT NULL UNIQUE,
    instance TEXT NOT NULL,
    account TEXT NOT NULL,
    room_id TEXT NOT NULL,
    type TEXT NOT NULL,
    content TEXT,
    trigger_id TEXT NOT NULL,
    event_id TEXT,
    error_code TEXT,
    error_cause TEXT,
    settled_at_ms INTEGER
  ) STRICT;
  CREATE INDEX outbox_pending ON outbox (account, id) WHERE settled_at_ms IS NULL;

  CREATE TABLE allowance (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tally (
    instance TEXT NOT NULL,
    day INTEGER NOT NULL,
    what TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (instance, day, what)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE operator_stop (
    instance TEXT PRIMARY KEY,
    stopped_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    kind TEXT NOT NULL,
    made_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL,
    password_fingerprint TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE availability (
    instance TEXT NOT NULL,
    hour INTEGER NOT NULL,
    wanted_ms INTEGER NOT NULL,
    running_ms INTEGER NOT NULL,
    PRIMARY KEY (instance, hour)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE host_beat (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at_ms INTEGER NOT NULL,
    wanted TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE admin_message (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE room_successor (
    room_id TEXT PRIMARY KEY,
    successor TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // The instances that once had a database: one that is not there any more was lost.
  `
  CREATE TABLE instance_database (
    instance TEXT PRIMARY KEY
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE invitation (
    account TEXT NOT NULL,
    room_id TEXT NOT NULL,
    inviter TEXT,
    PRIMARY KEY (account, room_id)
  ) STRICT, WITHOUT ROWID;
  `,
];
