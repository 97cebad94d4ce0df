/**
 * Makes (or moves) a row that is put off: instance, account, room, event, key, when, and how many the instance may have. What is
 * there already may always be moved.
 */
export const deferral = `
  INSERT INTO inbox (instance, account, room_id, event_id, key, run_at_ms) SELECT ?1, ?2, ?3, ?4, ?5, ?6
  WHERE (SELECT count(*) FROM inbox WHERE instance = ?1 AND done_at_ms IS NULL AND key <> '') < ?7
    OR EXISTS (SELECT 1 FROM inbox WHERE instance = ?1 AND event_id = ?4 AND key = ?5 AND done_at_ms IS NULL)
  ON CONFLICT (instance, event_id, key) DO UPDATE SET run_at_ms = excluded.run_at_ms, done_at_ms = NULL
`;
