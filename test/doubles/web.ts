import type { Management, SessionStore, StoredSession } from "../../src/core/management.ts";
import type { HostSnapshot } from "../../src/core/status.ts";
import { LogRouter } from "../../src/log/router.ts";
import { Login } from "../../src/web/login.ts";
import { Metrics } from "../../src/web/metrics.ts";
import type { RouteOptions } from "../../src/web/routes.ts";
import { Sessions } from "../../src/web/sessions.ts";

/** What the web room needs, around a snapshot: real parts, without an account to log in with and with nothing behind the login. */
export function webParts(snapshot: () => HostSnapshot, log = new LogRouter().logger()): RouteOptions {
  const act = () => Promise.reject(new Error("Nobody is to do anything here."));
  const login = new Login({ account: () => undefined });
  return {
    host: "127.0.0.1",
    allowRemote: false,
    publicUrl: undefined,
    version: "1.2.3",
    control: { snapshot, samples: () => [], askPlugin: act, start: act, stop: act, restart: act },
    management: {} as Management,
    records: { query: () => [], lastId: () => 0, onRecord: () => () => {} },
    login,
    sessions: new Sessions({ store: sessionsInMemory(), fingerprint: () => login.fingerprint() }),
    metrics: new Metrics(),
    cutSecrets: (text) => text,
    log,
  };
}

export function sessionsInMemory(): SessionStore {
  const kept = new Map<string, StoredSession>();
  return {
    loadSession: (hash) => kept.get(hash),
    saveSession: (hash, session) => void kept.set(hash, session),
    deleteSession: (hash) => void kept.delete(hash),
    deleteSessionsBefore: () => {},
  };
}
