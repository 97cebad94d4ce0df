/** Accounts on a real Synapse: the questions on which the sandbox could only agree with itself. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { asMxcUri, asRoomAlias, asRoomId, asTxnId, type RoomId } from "../../src/core/id.ts";
import { Secret } from "../../src/core/secret.ts";
import type { MatrixAccount } from "../../src/matrix/account.ts";
import { MatrixUser } from "../doubles/matrix-user.ts";
import { needs } from "../doubles/needs.ts";
import { findSynapse, Synapse } from "../doubles/synapse.ts";
import { Bench, causeOf, until, user } from "./bench.ts";

const found = await findSynapse();
const never = new AbortController().signal;
const roomOf = (text: string): RoomId => asRoomId(text) ?? expect.unreachable();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("an account on a real Synapse", () => {
  const synapse = new Synapse("python" in found ? found.python : "");
  let token = "";
  let anna: MatrixUser;
  beforeAll(async () => {
    await synapse.start();
    token = await synapse.makeRegistrationToken();
    anna = await MatrixUser.register(synapse.url, "anna", token);
  }, 60_000);
  afterAll(() => synapse[Symbol.asyncDispose]());

  function start(bench: Bench, name: string, registrationToken = token): MatrixAccount {
    const config = {
      userId: user(`@${name}:${synapse.serverName}`),
      displayname: undefined,
      password: undefined,
      accessToken: undefined,
    };
    return bench.start({
      config,
      homeserverUrl: synapse.url,
      registrationToken: { secret: new Secret(registrationToken) },
    });
  }
  async function startSyncing(bench: Bench, name: string): Promise<MatrixAccount> {
    const account = start(bench, name);
    await until(
      () => account.status().state === "syncing",
      () => JSON.stringify(account.status()),
    );
    return account;
  }
  async function failed(account: MatrixAccount, code: string): Promise<void> {
    await until(
      () => account.status().state === "failed",
      () => JSON.stringify(account.status()),
    );
    expect(account.status()).toMatchObject({ code });
  }

  test("is refused with a wrong token, a taken name, a token used up, and uses none up in vain", async () => {
    await using bench = await Bench.open();
    await failed(start(bench, "wrong", "wrong"), "registration-token-wrong");
    const single = await synapse.makeRegistrationToken(1);
    await failed(start(bench, "anna", single), "user-id-taken");
    const first = start(bench, "single", single);
    await until(
      () => first.status().state === "syncing",
      () => causeOf(first.status()),
    );
    await failed(start(bench, "second", single), "registration-token-wrong");
    await failed(start(bench, "UPPER"), "config-invalid");
  }, 20_000);

  test("answers for what is said after its join and while it was down, in order, however much that is", async () => {
    await using bench = await Bench.open();
    const room = await anna.createRoom({ preset: "public_chat", room_alias_name: "busy" });
    await anna.say(room, "before the join");
    bench.memory.rooms = [asRoomAlias(`#busy:${synapse.serverName}`) ?? expect.unreachable()];
    const account = await startSyncing(bench, "reader");
    expect(await bench.settled()).toMatchObject([{ roomId: room, membership: "joined", encrypted: false }]);
    await anna.say(room, "m0");
    await bench.received("m0");
    await account.close();
    const said = Array.from({ length: 60 }, (_, index) => `m${index + 1}`);
    for (const body of said) await anna.say(room, body);
    await startSyncing(bench, "reader");
    await bench.received("m60");
    expect(bench.memory.bodies).toEqual(["m0", ...said]);
  }, 20_000);

  test("goes on after the last known message when its place is lost", async () => {
    await using bench = await Bench.open();
    const room = await anna.createRoom({ preset: "public_chat" });
    bench.memory.rooms = [roomOf(room)];
    const account = await startSyncing(bench, "loser");
    await bench.settled();
    await anna.say(room, "seen");
    await bench.received("seen");
    await account.close();
    await anna.say(room, "missed");
    if (bench.memory.state !== undefined) bench.memory.state = { ...bench.memory.state, nextBatch: "gone" };
    await startSyncing(bench, "loser");
    await bench.received("missed");
    expect(bench.memory.bodies).toEqual(["seen", "missed"]);
  }, 20_000);

  test("tells invitations, removals, bans and encryption apart", async () => {
    await using bench = await Bench.open();
    const room = roomOf(await anna.createRoom());
    const bot = `@guest:${synapse.serverName}`;
    const rooms = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
    const membership = (wanted: string) =>
      until(
        () => bench.memory.standings[0]?.membership === wanted && bench.memory.standings[0].advice !== "",
        () => JSON.stringify(bench.memory.standings),
      );
    bench.memory.rooms = [room];
    const account = await startSyncing(bench, "guest");
    await until(() => bench.memory.standings[0]?.advice?.startsWith("Invite") === true);
    await anna.invite(room, bot);
    await membership("joined");
    await anna.request("PUT", `${rooms}/state/m.room.encryption`, { algorithm: "m.megolm.v1.aes-sha2" });
    await until(() => bench.memory.standings[0]?.encrypted === true);
    await anna.request("POST", `${rooms}/kick`, { user_id: bot });
    await membership("left");
    await anna.request("POST", `${rooms}/ban`, { user_id: bot });
    await account.refreshRooms();
    await membership("banned");
    const unlisted = await anna.createRoom();
    await anna.invite(unlisted, bot);
    await until(() => bench.memory.log.count("INFO", /Declined/) === 1);
  }, 20_000);

  test("posts once however often it is asked, puts files, takes back, and logs in again when revoked", async () => {
    await using bench = await Bench.open();
    const room = roomOf(await anna.createRoom({ preset: "public_chat" }));
    bench.memory.rooms = [room];
    const account = await startSyncing(bench, "poster");
    await bench.settled();
    const content = { msgtype: "m.notice", body: "once" };
    const send = () => account.send(room, "m.room.message", asTxnId("t1"), content, never);
    const eventId = await send();
    expect(await send()).toBe(eventId);
    expect(await account.fetchEvent(room, eventId, never)).toMatchObject({ content, sender: account.userId });
    const body = new Uint8Array([1, 2, 3]);
    const mxc = await account.upload({ body, mimetype: "image/png", filename: "ä.png" }, never);
    expect(asMxcUri(mxc)).toBe(mxc);
    expect((await anna.download(mxc)).bytes).toEqual(body);
    const files = await Array.fromAsync(new Bun.Glob("*poster*.json").scan(`${bench.folder}/credentials`));
    const stored = await Bun.file(`${bench.folder}/credentials/${files[0]}`).json();
    const device = new MatrixUser(synapse.url, account.userId, stored.accessToken);
    await device.request("POST", "/_matrix/client/v3/logout", {});
    await until(() => bench.memory.log.count("WARN", /logging in again/) === 1);
    await until(() => account.status().state === "syncing");
    await account.redact(room, eventId, asTxnId("t2"), undefined, never);
    expect(await account.fetchEvent(room, eventId, never)).toBeUndefined();
    const after = await Bun.file(`${bench.folder}/credentials/${files[0]}`).json();
    expect(after.deviceId).toBe(stored.deviceId);
  }, 20_000);
});
