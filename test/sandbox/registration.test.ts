import { describe, expect, test } from "bun:test";
import { Client, openHomeserver } from "./client.ts";

const password = "a long password";
const token = (session: string, value = "sesame") => ({
  type: "m.login.registration_token",
  token: value,
  session,
});

describe("registration", () => {
  test("synapse asks for the token, then for the dummy stage", async () => {
    const client = new Client(await openHomeserver());
    const start = await client.call("POST", "/v3/register", { username: "bot", password });
    expect(start).toMatchObject({
      status: 401,
      body: { flows: [{ stages: ["m.login.registration_token", "m.login.dummy"] }], params: {} },
    });
    expect(start.body.errcode).toBeUndefined();
    const { session } = start.body;
    const middle = await client.call("POST", "/v3/register", {
      username: "bot",
      password,
      auth: token(session),
    });
    expect(middle).toMatchObject({
      status: 401,
      body: { session, completed: ["m.login.registration_token"] },
    });
    const end = await client.call("POST", "/v3/register", {
      username: "bot",
      password,
      device_id: "ROOST",
      auth: { type: "m.login.dummy", session },
    });
    expect(end).toMatchObject({ status: 200, body: { user_id: "@bot:example.org", device_id: "ROOST" } });
  });

  test("continuwuity has one stage, params null, and takes it without a session", async () => {
    const client = new Client(await openHomeserver({ dialect: "continuwuity" }));
    const start = await client.call("POST", "/v3/register", {});
    expect(start).toMatchObject({
      status: 401,
      body: { flows: [{ stages: ["m.login.registration_token"] }], params: null },
    });
    const auth = { type: "m.login.registration_token", token: "sesame" };
    const end = await client.call("POST", "/v3/register", { username: "BoT", password, auth });
    expect(end).toMatchObject({ status: 200, body: { user_id: "@bot:example.org" } });
  });

  test("synapse refuses upper-case names, continuwuity folds them", async () => {
    const synapse = new Client(await openHomeserver());
    const continuwuity = new Client(await openHomeserver({ dialect: "continuwuity" }));
    const path = "/v3/register/available?username=BoT";
    expect((await synapse.get(path)).body.errcode).toBe("M_INVALID_USERNAME");
    expect(await continuwuity.get(path)).toMatchObject({ status: 200, body: { available: true } });
  });

  test.each([
    ["synapse", "M_UNAUTHORIZED"],
    ["continuwuity", "M_FORBIDDEN"],
  ] as const)(
    "a wrong token on %s is a 401 with %s and the session to try again",
    async (dialect, errcode) => {
      const client = new Client(await openHomeserver({ dialect }));
      const { session } = (await client.call("POST", "/v3/register", {})).body;
      const auth = token(session, "wrong");
      const answer = await client.call("POST", "/v3/register", { username: "bot", password, auth });
      expect(answer).toMatchObject({ status: 401, body: { errcode, session } });
      expect(answer.body.flows).toHaveLength(1);
    },
  );

  test.each([
    ["synapse", ["m.login.registration_token", "m.login.terms", "m.login.dummy"]],
    ["continuwuity", ["m.login.terms", "m.login.registration_token"]],
  ] as const)("terms become a stage of their own on %s", async (dialect, stages) => {
    const client = new Client(await openHomeserver({ dialect, terms: true }));
    const start = await client.call("POST", "/v3/register", {});
    expect(start.body.flows).toEqual([{ stages: [...stages] }]);
    expect(start.body.params).toMatchObject({
      "m.login.terms": { policies: { privacy: { en: { url: expect.any(String) } } } },
    });
    const { session } = start.body;
    for (const type of stages.slice(0, -1)) {
      const auth = { type, session, token: "sesame" };
      expect((await client.call("POST", "/v3/register", { username: "bot", auth })).status).toBe(401);
    }
    const auth = { type: stages.at(-1), session, token: "sesame" };
    expect((await client.call("POST", "/v3/register", { username: "bot", auth })).status).toBe(200);
  });

  test("closed registration is forbidden", async () => {
    const client = new Client(await openHomeserver({ registrationToken: undefined }));
    const answer = await client.call("POST", "/v3/register", { username: "bot" });
    expect(answer).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });
  });

  test.each([
    [false, true],
    [true, false],
  ])(
    "with burnsTokenFirst %p a name clash leaves a one-use token valid: %p",
    async (burnsTokenFirst, valid) => {
      const homeserver = await openHomeserver({ dialect: "continuwuity", tokenUses: 1, burnsTokenFirst });
      homeserver.createUser("bot");
      const client = new Client(homeserver);
      const validity = "/v1/register/m.login.registration_token/validity?token=sesame";
      expect((await client.get(validity)).body).toMatchObject({ valid: true });
      const auth = { type: "m.login.registration_token", token: "sesame" };
      const clash = await client.call("POST", "/v3/register", { username: "bot", auth });
      expect(clash).toMatchObject({ status: 400, body: { errcode: "M_USER_IN_USE" } });
      expect((await client.get(validity)).body).toMatchObject({ valid });
    },
  );

  test("a used-up token is a wrong token", async () => {
    const client = new Client(await openHomeserver({ dialect: "continuwuity", tokenUses: 1 }));
    const auth = { type: "m.login.registration_token", token: "sesame" };
    expect((await client.call("POST", "/v3/register", { username: "one", auth })).status).toBe(200);
    const second = await client.call("POST", "/v3/register", { username: "two", auth });
    expect(second).toMatchObject({ status: 401, body: { errcode: "M_FORBIDDEN" } });
  });

  test("a repeat of a registration whose answer was lost logs in on synapse and clashes on continuwuity", async () => {
    const synapse = await openHomeserver();
    const client = new Client(synapse);
    const { session } = (await client.call("POST", "/v3/register", {})).body;
    const request = { username: "bot", password, device_id: "D" };
    await client.call("POST", "/v3/register", { ...request, auth: token(session) });
    const last = { ...request, auth: { type: "m.login.dummy", session } };
    const first = await client.call("POST", "/v3/register", last);
    const repeat = await client.call("POST", "/v3/register", last);
    expect(repeat).toMatchObject({ status: 200, body: { user_id: first.body.user_id, device_id: "D" } });
    expect(synapse.devices("@bot:example.org")).toEqual(["D"]);

    const other = new Client(await openHomeserver({ dialect: "continuwuity" }));
    const started = (await other.call("POST", "/v3/register", {})).body.session;
    const whole = { ...request, auth: token(started) };
    expect((await other.call("POST", "/v3/register", whole)).status).toBe(200);
    expect((await other.call("POST", "/v3/register", whole)).body.errcode).toBe("M_INVALID_PARAM");
  });
});

describe("login", () => {
  test("the same device id keeps the device and kills its old token", async () => {
    const homeserver = await openHomeserver();
    const user = homeserver.createUser("bot", { password });
    const identifier = { type: "m.id.user", user: "bot" };
    const login = { type: "m.login.password", identifier, password, device_id: "ROOST" };
    const first = await new Client(homeserver).call("POST", "/v3/login", login);
    const second = await new Client(homeserver).call("POST", "/v3/login", login);
    const old = await new Client(homeserver, first.body.access_token).get("/v3/account/whoami");
    expect(old).toMatchObject({ status: 401, body: { errcode: "M_UNKNOWN_TOKEN" } });
    const now = await new Client(homeserver, second.body.access_token).get("/v3/account/whoami");
    expect(now.body).toMatchObject({ user_id: user.userId, device_id: "ROOST" });
    expect(homeserver.devices(user.userId)).toHaveLength(2);
  });

  test("a wrong password, no token, a revoked token and a logged-out one are told apart", async () => {
    const homeserver = await openHomeserver();
    const user = homeserver.createUser("bot", { password });
    const client = new Client(homeserver, user.accessToken);
    const identifier = { type: "m.id.user", user: user.userId };
    const login = { type: "m.login.password", identifier, password: "wrong" };
    expect(await client.call("POST", "/v3/login", login)).toMatchObject({
      status: 403,
      body: { errcode: "M_FORBIDDEN" },
    });
    expect((await new Client(homeserver).get("/v3/joined_rooms")).body.errcode).toBe("M_MISSING_TOKEN");
    homeserver.revokeTokens(user.userId);
    expect((await client.get("/v3/joined_rooms")).body.errcode).toBe("M_UNKNOWN_TOKEN");
    expect(homeserver.devices(user.userId)).toHaveLength(1);
    const other = homeserver.createUser("other");
    const leaving = new Client(homeserver, other.accessToken);
    expect((await leaving.call("POST", "/v3/logout")).status).toBe(200);
    expect((await leaving.get("/v3/joined_rooms")).body.errcode).toBe("M_UNKNOWN_TOKEN");
    expect(homeserver.devices(other.userId)).toEqual([]);
  });
});
