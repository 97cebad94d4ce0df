import { describe, expect, test } from "bun:test";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Secret } from "../../src/core/secret.ts";
import type { MatrixAccount } from "../../src/matrix/account.ts";
import { Bench, causeOf, dialects, until, user } from "./bench.ts";

const bot = "@bot:x.test";
const config = { userId: user(bot), displayname: undefined, password: undefined, accessToken: undefined };

async function failed(account: MatrixAccount, code: string, sentence: RegExp): Promise<void> {
  await until(
    () => account.status().state === "failed",
    () => JSON.stringify(account.status()),
  );
  expect(account.status()).toMatchObject({ code, cause: expect.stringMatching(sentence) });
}
async function waiting(account: MatrixAccount, sentence: RegExp): Promise<void> {
  await until(
    () => sentence.test(causeOf(account.status())),
    () => JSON.stringify(account.status()),
  );
  expect(account.status().state).toBe("waiting");
}
function credentialsPath(bench: Bench, userId = bot): string {
  return join(bench.folder, "credentials", `${encodeURIComponent(userId)}.json`);
}
async function stored(bench: Bench, userId = bot): Promise<Record<string, string>> {
  return JSON.parse(await readFile(credentialsPath(bench, userId), "utf8"));
}

for (const dialect of dialects) {
  describe(`an account with nothing but a name, on ${dialect},`, () => {
    test("is registered once and stays one device through every later start", async () => {
      await using bench = await Bench.open({ dialect });
      await (await bench.startSyncing()).close();
      const kept = await stored(bench);
      expect(bench.homeserver.devices(bot)).toEqual([kept.deviceId ?? ""]);
      expect((await stat(credentialsPath(bench))).mode & 0o777).toBe(0o600);
      await (await bench.startSyncing()).close();
      await bench.startSyncing();
      expect(bench.homeserver.devices(bot)).toHaveLength(1);
      expect(bench.homeserver.requests.count("POST", /\/(register|login)$/)).toBe(
        dialect === "synapse" ? 3 : 2,
      );
      expect(await stored(bench)).toEqual(kept);
    });

    test("tells the log which secrets came to be, and writes none into it", async () => {
      await using bench = await Bench.open({ dialect });
      await bench.startSyncing();
      const kept = await stored(bench);
      const told = bench.memory.secrets.map((secret) => secret.reveal());
      expect(told).toContain(kept.accessToken ?? "");
      expect(told).toContain(kept.password ?? "");
      const log = JSON.stringify(bench.memory.log.records);
      for (const secret of told) expect(log).not.toContain(secret);
    });

    test("passes a terms stage too", async () => {
      await using bench = await Bench.open({ dialect, terms: true });
      await bench.startSyncing();
    });

    test("with a wrong token fails with its sentence and asks no further", async () => {
      await using bench = await Bench.open({ dialect });
      const account = bench.start({ registrationToken: { secret: new Secret("wrong") } });
      await failed(account, "registration-token-wrong", /does not accept the registration token/);
      expect(bench.memory.log.count("ERROR", /registration token/)).toBe(1);
    });

    test("with a wrong token fails also where it cannot be checked beforehand", async () => {
      await using bench = await Bench.open({ dialect });
      const body = { errcode: "M_UNRECOGNIZED", error: "Unrecognized" };
      bench.homeserver.faults.inject({ path: /validity$/, answer: { kind: "error", status: 404, body } });
      const account = bench.start({ registrationToken: { secret: new Secret("wrong") } });
      await failed(account, "registration-token-wrong", /does not accept the registration token/);
    });

    test("whose name is taken fails without using up the token", async () => {
      await using bench = await Bench.open({ dialect, tokenUses: 1, burnsTokenFirst: true });
      bench.homeserver.createUser("bot");
      await failed(
        bench.start(),
        "user-id-taken",
        /give its password under accounts, or choose another name/,
      );
      await bench.startSyncing({ user: "@other:x.test" });
    });

    test("finds registration closed", async () => {
      await using bench = await Bench.open({ dialect, registrationToken: undefined });
      await failed(bench.start(), "registration-closed", /registration is closed/);
    });

    test("starts over when the homeserver forgets the registration's session", async () => {
      await using bench = await Bench.open({ dialect });
      const body =
        dialect === "synapse"
          ? { errcode: "M_UNKNOWN", error: "Unknown session ID" }
          : { errcode: "M_INVALID_PARAM", error: "Invalid session" };
      const { faults } = bench.homeserver;
      const registration = { method: "POST", path: /\/register$/, times: 1 };
      // The first request opens the session, and the second is told that there is none.
      faults.inject({ ...registration, answer: { kind: "delay", delayMs: 1 } });
      const forgotten = faults.inject({ ...registration, answer: { kind: "error", status: 400, body } });
      await bench.startSyncing();
      expect(forgotten.hits).toBe(1);
      expect(bench.homeserver.devices(bot)).toHaveLength(1);
    });

    test("killed between the homeserver's answer and its own writing logs in at the next start", async () => {
      await using bench = await Bench.open({ dialect });
      // The registration that counts is carried out, and its answer never comes.
      const fault = bench.homeserver.faults.inject({
        method: "POST",
        path: /\/register$/,
        answer: { kind: "lost-answer" },
      });
      const account = bench.start();
      await until(() => fault.hits > 0);
      await account.close();
      const begun = await stored(bench);
      expect(begun.accessToken).toBeUndefined();
      fault.remove();
      await bench.startSyncing();
      expect((await stored(bench)).deviceId).toBe(begun.deviceId ?? "");
      expect(bench.homeserver.devices(bot)).toEqual([begun.deviceId ?? ""]);
    });

    test("goes on by itself when only the last answer of its registration was lost", async () => {
      await using bench = await Bench.open({ dialect });
      const stages = dialect === "synapse" ? 2 : 1;
      bench.homeserver.faults.inject({
        method: "POST",
        path: /\/register$/,
        times: stages,
        answer: { kind: "delay", delayMs: 1 },
      });
      bench.homeserver.faults.inject({
        method: "POST",
        path: /\/register$/,
        times: 1,
        answer: { kind: "lost-answer" },
      });
      await bench.startSyncing();
      expect(bench.homeserver.devices(bot)).toHaveLength(1);
      expect(bench.homeserver.requests.count("POST", /\/login$/)).toBe(1);
    });

    test("is waited for without end while the homeserver is away, and comes up when it does", async () => {
      await using bench = await Bench.open({ dialect });
      await bench.homeserver.close();
      const account = bench.start();
      await waiting(account, /cannot be reached: nothing listens/);
      const sinceMs = account.status().sinceMs;
      await bench.changed();
      expect(account.status()).toMatchObject({ state: "waiting", sinceMs });
      await bench.reopen();
      await until(() => account.status().state === "syncing");
      expect(bench.memory.log.count("WARN", /cannot be reached/)).toBe(1);
      expect(bench.memory.log.count("INFO", /follows its rooms again/)).toBe(1);
    });

    test("is registered in lower case or told to be", async () => {
      await using bench = await Bench.open({ dialect });
      const account = bench.start({ config: { ...config, userId: user("@Bot:x.test") } });
      await failed(account, "config-invalid", /lower-case/);
      expect(bench.homeserver.devices(bot)).toEqual([]);
    });

    test("that is revoked while it runs logs in once more on the same device", async () => {
      await using bench = await Bench.open({ dialect });
      const account = await bench.startSyncing();
      const before = await stored(bench);
      bench.homeserver.revokeTokens(bot);
      await until(() => bench.memory.log.count("WARN", /was revoked; logging in again/) === 1);
      await until(() => bench.memory.log.count("INFO", /follows its rooms/) === 2);
      expect(account.status().state).toBe("syncing");
      const after = await stored(bench);
      expect(after.deviceId).toBe(before.deviceId ?? "");
      expect(after.accessToken).not.toBe(before.accessToken ?? "");
      expect(bench.homeserver.devices(bot)).toHaveLength(1);
      // Synapse refuses even /versions to a token that it does not know.
      expect(bench.homeserver.requests.count("GET", /versions$/, bot)).toBe(0);
    });
  });
}

describe("registration", () => {
  const unrecognized = { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" };
  const flows = (...stages: string[]) => ({ flows: [{ stages }], params: null, session: "s", completed: [] });

  test("with a stage that no bot can pass names it", async () => {
    await using bench = await Bench.open();
    const answer = { kind: "error", status: 401, body: flows("m.login.recaptcha", "m.login.dummy") } as const;
    bench.homeserver.faults.inject({ method: "POST", path: /register$/, answer });
    await failed(bench.start(), "registration-closed", /m\.login\.recaptcha/);
  });

  test("that wants a token and has none says where to write it", async () => {
    await using bench = await Bench.open();
    await failed(
      bench.start({ registrationToken: undefined }),
      "secret-missing",
      /homeserver\.registration_token/,
    );
  });

  test("whose token could not be read says why", async () => {
    await using bench = await Bench.open();
    const account = bench.start({ registrationToken: { missing: "The file /t is not there." } });
    await failed(account, "secret-missing", /The file \/t is not there/);
  });

  test("where accounts come from elsewhere is closed", async () => {
    await using bench = await Bench.open();
    const answer = { kind: "error", status: 404, body: unrecognized } as const;
    bench.homeserver.faults.inject({ path: /register/, answer });
    await failed(bench.start(), "registration-closed", /make the account by hand/);
  });

  test("whose sessions are always lost is tried again later, not for ever at once", async () => {
    await using bench = await Bench.open();
    const answer = {
      kind: "error",
      status: 401,
      body: { ...flows("m.login.dummy"), session: undefined },
    } as const;
    const fault = bench.homeserver.faults.inject({ method: "POST", path: /register$/, answer });
    const account = bench.start({ timing: { backoffMs: 60_000 } });
    await waiting(account, /lost the registration's session/);
    expect(fault.hits).toBeLessThan(20);
  });

  test("that is asked for patience waits as long as it is told", async () => {
    await using bench = await Bench.open();
    const answer = { kind: "rate-limited", retryAfterMs: 120_000 } as const;
    bench.homeserver.faults.inject({ method: "POST", path: /register$/, answer });
    const account = bench.start();
    await waiting(account, /patience/);
    const status = account.status();
    expect(status.state === "waiting" ? status.nextAttemptMs - Date.now() : 0).toBeGreaterThan(110_000);
  });

  test("under another server name keeps what opens the account for when the name is put right", async () => {
    await using bench = await Bench.open();
    const account = bench.start({ user: "@bot:wrong.test" });
    await failed(account, "config-invalid", /under another name/);
    await account.close();
    expect(await readdir(join(bench.folder, "credentials"))).toEqual([`${encodeURIComponent(bot)}.json`]);
    await bench.startSyncing();
    expect(bench.homeserver.devices(bot)).toHaveLength(1);
  });
});

describe("a password", () => {
  const password = { secret: new Secret("s3cret") };

  test("opens a device that stays the same, and is not written down", async () => {
    await using bench = await Bench.open();
    bench.homeserver.createUser("bot", { password: "s3cret" });
    await (await bench.startSyncing({ config: { ...config, password } })).close();
    const { deviceId, password: written } = await stored(bench);
    expect(written).toBeUndefined();
    bench.homeserver.revokeTokens(bot);
    await bench.startSyncing({ config: { ...config, password } });
    expect((await stored(bench)).deviceId).toBe(deviceId ?? "");
    expect(bench.homeserver.devices(bot)).toContain(deviceId ?? "");
    expect(bench.homeserver.devices(bot)).toHaveLength(2);
  });

  test("that is wrong fails with its sentence", async () => {
    await using bench = await Bench.open();
    bench.homeserver.createUser("bot", { password: "another" });
    await failed(bench.start({ config: { ...config, password } }), "login-refused", /name and password/);
  });

  test("that could not be read says why", async () => {
    await using bench = await Bench.open();
    const account = bench.start({ config: { ...config, password: { missing: "No $BOT_PASSWORD." } } });
    await failed(account, "secret-missing", /No \$BOT_PASSWORD/);
  });

  test("of a name that the homeserver spells otherwise says how to write it", async () => {
    await using bench = await Bench.open({ dialect: "conduwuit" });
    bench.homeserver.createUser("bot", { password: "s3cret" });
    const account = bench.start({ config: { ...config, userId: user("@Bot:x.test"), password } });
    await failed(account, "config-invalid", /lower case/);
  });

  test("is of no use where only tokens are taken, which is said", async () => {
    await using bench = await Bench.open();
    const body = { errcode: "M_UNRECOGNIZED", error: "Unrecognized" };
    bench.homeserver.faults.inject({ path: /\/login$/, answer: { kind: "error", status: 404, body } });
    await failed(
      bench.start({ config: { ...config, password } }),
      "login-refused",
      /offers no login by password/,
    );
  });

  test("of a deactivated account says that it is", async () => {
    await using bench = await Bench.open();
    const body = { errcode: "M_USER_DEACTIVATED", error: "This account has been deactivated" };
    bench.homeserver.faults.inject({ path: /\/login$/, answer: { kind: "error", status: 403, body } });
    await failed(bench.start({ config: { ...config, password } }), "account-suspended", /deactivated/);
  });
});

describe("an access token", () => {
  test("is used as it is", async () => {
    await using bench = await Bench.open();
    const token = bench.homeserver.createUser("bot").accessToken;
    await bench.startSyncing({ config: { ...config, accessToken: { secret: new Secret(token) } } });
    expect(bench.homeserver.requests.count("POST", /login|register/)).toBe(0);
  });

  test("of somebody else is refused", async () => {
    await using bench = await Bench.open();
    const token = bench.homeserver.createUser("eve").accessToken;
    const account = bench.start({ config: { ...config, accessToken: { secret: new Secret(token) } } });
    await failed(account, "login-refused", /belongs to another user/);
  });

  test("that is revoked, with nothing else to log in by, fails for good", async () => {
    await using bench = await Bench.open();
    const token = bench.homeserver.createUser("bot").accessToken;
    const account = await bench.startSyncing({
      config: { ...config, accessToken: { secret: new Secret(token) } },
    });
    bench.homeserver.revokeTokens(bot);
    await failed(account, "token-revoked", /password or a new access_token/);
    expect(bench.memory.log.count("CRITICAL", /password or a new access_token/)).toBe(1);
  });
});

describe("stored credentials", () => {
  test("that another server under the same name does not know are kept from it", async () => {
    await using bench = await Bench.open();
    await (await bench.startSyncing()).close();
    await using other = await Bench.open();
    const account = bench.start({ homeserverUrl: other.homeserver.url });
    await failed(account, "homeserver-changed", /another server, or was set up anew/);
    expect(other.homeserver.requests.count("POST", /login|register/)).toBe(0);
  });

  test("move along when the same server gets another address", async () => {
    await using bench = await Bench.open();
    await (await bench.startSyncing()).close();
    const moved = bench.homeserver.url.replace("127.0.0.1", "localhost");
    await bench.startSyncing({ homeserverUrl: `${moved}/` });
    expect((await stored(bench)).homeserverUrl).toBe(moved);
  });

  test("under which the server has another device are refused", async () => {
    await using bench = await Bench.open();
    await (await bench.startSyncing()).close();
    await writeFile(
      credentialsPath(bench),
      JSON.stringify({ ...(await stored(bench)), deviceId: "ANOTHER" }),
    );
    await failed(bench.start(), "homeserver-changed", /another server/);
  });

  test("of a server that was set up anew are not registered a second time", async () => {
    await using bench = await Bench.open();
    await (await bench.startSyncing()).close();
    await using anew = await Bench.open();
    await anew.homeserver.close();
    await bench.reopen(anew.homeserver);
    const account = bench.start();
    await failed(account, "token-revoked", /neither the account.s session nor its password/);
    expect(anew.homeserver.devices(bot)).toEqual([]);
  });

  test("that are damaged fail with what to do", async () => {
    await using bench = await Bench.open();
    await (await bench.startSyncing()).close();
    await writeFile(credentialsPath(bench), "{");
    await failed(bench.start(), "config-invalid", /damaged/);
  });

  test("that cannot be written are waited for, and nothing is registered meanwhile", async () => {
    await using bench = await Bench.open();
    const credentialsFolder = join(bench.folder, "occupied");
    await writeFile(credentialsFolder, "");
    const account = bench.start({ credentialsFolder });
    await waiting(account, /credentials file cannot be read/);
    expect(bench.homeserver.devices(bot)).toEqual([]);
  });
});

describe("what answers at the address", () => {
  const versions = /\/versions$/;

  test("may be a web page, which is no homeserver until it becomes one", async () => {
    await using bench = await Bench.open();
    const fault = bench.homeserver.faults.inject({ path: versions, answer: { kind: "html", status: 200 } });
    const account = bench.start();
    await waiting(account, /is not a Matrix homeserver: write the address/);
    fault.remove();
    await until(() => account.status().state === "syncing");
  });

  test("may be another API, which is no homeserver either", async () => {
    await using bench = await Bench.open();
    bench.homeserver.faults.inject({
      path: versions,
      answer: { kind: "error", status: 200, body: { hello: "world" } },
    });
    await waiting(bench.start(), /is not a Matrix homeserver/);
  });

  test("may be a proxy whose homeserver is down", async () => {
    await using bench = await Bench.open();
    bench.homeserver.faults.inject({ path: versions, answer: { kind: "html", status: 502 } });
    await waiting(bench.start(), /down or in trouble \(HTTP 502\)/);
  });

  test("may ask for patience in a header", async () => {
    await using bench = await Bench.open();
    const headers = { "retry-after": "100" };
    bench.homeserver.faults.inject({ path: versions, answer: { kind: "html", status: 429, headers } });
    const account = bench.start();
    await waiting(account, /patience/);
    const status = account.status();
    expect(status.state === "waiting" ? status.nextAttemptMs - Date.now() : 0).toBeGreaterThan(90_000);
  });

  test("may hang, or break off in the middle", async () => {
    await using bench = await Bench.open();
    const hang = bench.homeserver.faults.inject({ path: versions, answer: { kind: "hang" } });
    const account = bench.start({ timing: { pollMs: 40, pollLimitMs: 60, probeMs: 10 } });
    await waiting(account, /did not answer within/);
    bench.homeserver.faults.inject({ path: versions, answer: { kind: "half" } });
    hang.remove();
    await waiting(account, /broke before it had answered/);
    bench.homeserver.faults.clear();
    await until(() => account.status().state === "syncing");
  });
});

describe("a running account", () => {
  test("says at once that a poll hung, but not that one broke", async () => {
    await using bench = await Bench.open();
    const account = await bench.startSyncing({ timing: { pollMs: 40, pollLimitMs: 400 } });
    const syncs = () => bench.homeserver.requests.count("GET", /\/sync$/);
    bench.homeserver.faults.inject({ path: /\/sync$/, times: 1, answer: { kind: "half" } });
    const before = syncs();
    await until(() => syncs() > before + 2);
    expect(bench.memory.log.count("WARN", /./)).toBe(0);
    const hang = bench.homeserver.faults.inject({ path: /\/sync$/, times: 1, answer: { kind: "hang" } });
    await until(() => bench.memory.log.count("WARN", /did not answer within/) === 1);
    hang.remove();
    await until(() => account.status().state === "syncing");
  });

  test("whose session ends again soon after a new login puts the next one off, ever longer, and says so", async () => {
    await using bench = await Bench.open();
    const account = await bench.startSyncing({ timing: { lastingMs: 2_000 } });
    const logins = () => bench.homeserver.requests.count("POST", /\/login$/);
    const severities: (string | undefined)[] = [];
    for (let count = 0; count <= 3; count++) {
      await until(() => logins() === count && account.status().state === "syncing");
      bench.homeserver.revokeTokens(bot);
      await until(() => logins() === count + 1);
      severities.push(bench.memory.log.open.get(`account ${bot}`)?.severity);
    }
    expect(severities).toEqual([undefined, "WARN", "WARN", "CRITICAL"]);
    const pausesMs = bench.memory.statuses.flatMap((status) =>
      status.state === "waiting" && /no other program logs in as this account/.test(status.cause)
        ? Math.round(((status.nextAttemptMs ?? 0) - status.sinceMs) / 10)
        : [],
    );
    expect(pausesMs).toEqual([1, 4, 16]);
    expect(bench.memory.log.open.get(`account ${bot}`)?.command).toBe("roost restart echo");
    // A login is no recovery before its session has lasted.
    expect(bench.memory.log.count("INFO", /follows its rooms again/)).toBe(0);
    await until(() => bench.memory.log.count("INFO", /follows its rooms again/) === 1);
    expect(bench.memory.log.open.size).toBe(0);
    expect(logins()).toBe(4);
  });

  const refusal = (errcode: string, status: number) =>
    ({ kind: "error", status, body: { errcode, error: "No", soft_logout: true } }) as const;

  test("that is deactivated stops with its sentence", async () => {
    await using bench = await Bench.open();
    const account = await bench.startSyncing();
    bench.homeserver.faults.inject({ path: /\/sync$/, answer: refusal("M_USER_DEACTIVATED", 403) });
    await failed(account, "account-suspended", /has been deactivated/);
  });

  for (const [errcode, status, sentence] of [
    ["M_USER_LOCKED", 401, /locked the account/],
    ["M_USER_SUSPENDED", 403, /suspended the account/],
  ] as const) {
    test(`that meets ${errcode} says so, and goes on once it is lifted`, async () => {
      await using bench = await Bench.open();
      const account = await bench.startSyncing();
      bench.homeserver.faults.inject({ path: /\/sync$/, answer: refusal(errcode, status) });
      await until(() => account.status().state === "waiting");
      expect(account.status()).toMatchObject({ cause: expect.stringMatching(sentence) });
      bench.homeserver.faults.clear();
      await until(() => account.status().state === "syncing");
    });
  }

  test("that is told to log out softly logs in again", async () => {
    await using bench = await Bench.open();
    const account = await bench.startSyncing();
    const body = { errcode: "M_UNKNOWN_TOKEN", error: "Expired", soft_logout: true };
    bench.homeserver.revokeTokens(bot);
    bench.homeserver.faults.inject({
      path: /\/sync$/,
      times: 1,
      answer: { kind: "error", status: 401, body },
    });
    await until(() => bench.homeserver.requests.count("POST", /\/login$/) === 1);
    await until(() => account.status().state === "syncing");
  });

  test("closes at once, in the middle of a poll or of waiting", async () => {
    await using bench = await Bench.open();
    const polling = await bench.startSyncing({ timing: { pollMs: 30_000, pollLimitMs: 45_000 } });
    bench.homeserver.faults.inject({ path: /versions$/, answer: { kind: "html", status: 503 } });
    const idle = bench.start({ user: "@idle:x.test", timing: { probeMs: 60_000, backoffMs: 60_000 } });
    await waiting(idle, /HTTP 503/);
    const closed = Promise.all([polling.close(), idle.close()]).then(() => "closed");
    expect(await Promise.race([closed, Bun.sleep(1_000).then(() => "late")])).toBe("closed");
    expect([polling.status().state, idle.status().state]).toEqual(["stopped", "stopped"]);
  });

  test("gets the display name that the config gives, once, and only if it differs", async () => {
    await using bench = await Bench.open();
    const named = { ...config, displayname: "Robot" };
    const { requests } = bench.homeserver;
    const path = /profile.*displayname$/;
    const first = await bench.startSyncing({ config: named });
    await until(() => requests.count("PUT", path) === 1);
    await first.close();
    const second = await bench.startSyncing({ config: named });
    await until(() => requests.count("GET", /profile\/@bot/) === 2);
    await second.refreshRooms();
    expect(requests.count("PUT", path)).toBe(1);
  });
});
