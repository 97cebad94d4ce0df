import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { until } from "./doubles/delivery.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

let scene: SandboxScene;
let listed: string;
let party: string;

const free = "@free:sandbox";
const bound = "@bound:sandbox";
const membership = (room: string, bot: string) => scene.homeserver.memberships(room).get(bot);
const config = (roomsOfFree: string) => `reload: automatic
accounts: { "${free}": {}, "${bound}": {} }
instances:
  free: { plugin: echo, account: "${free}", rooms: ${roomsOfFree} }
  bound: { plugin: echo, account: "${bound}", prefix: "?", rooms: ["${listed}"] }
`;

beforeAll(async () => {
  scene = await SandboxScene.open();
  listed = scene.ada.createRoom({ name: "listed", public: true });
  scene.configure(config("any"));
  scene.host.start();
  for (const bot of ["free", "bound"]) await scene.host.untilInstance(bot, "running");
});
afterAll(() => scene[Symbol.asyncDispose]());

test("a bot with rooms: any accepts an invitation and answers there, while one with a list declines and stays deaf", async () => {
  party = scene.ada.createRoom({ name: "party" });
  scene.ada.say(party, "!echo before anybody came");
  for (const bot of [free, bound]) scene.ada.invite(party, bot);
  await scene.joined(party, free);
  await until("the other declined", () => membership(party, bound) === "leave");
  scene.ada.say(party, "?echo for the bound one");
  scene.ada.say(party, "!echo hello");
  await scene.answered(party, "hello", free);
  scene.ada.say(listed, "?echo still here");
  await scene.answered(listed, "still here", bound);
  expect(scene.replies(party, free)).toEqual(["hello"]);
  expect(scene.replies(party, bound)).toEqual([]);
});

test("the rooms of a bot with rooms: any are looked after as listed ones are", async () => {
  const secret = scene.ada.createRoom({ name: "secret", encrypted: true, invite: [free] });
  await scene.joined(secret, free);
  await until("it is told of", () => scene.host.output.includes(`${secret} is encrypted`));
  const { body } = await scene.host.health("/healthz/free");
  expect(body).toContain("1 room encrypted");
  const { out } = await scene.host.command("doctor", "--json");
  const rooms = (JSON.parse(out) as { subject: string; isFine: boolean }[]).filter(({ subject }) =>
    subject.startsWith("free, room"),
  );
  expect(rooms.map(({ subject, isFine }) => [subject, isFine]).sort()).toEqual(
    [
      [`free, room ${party}`, true],
      [`free, room ${secret}`, false],
    ].sort(),
  );
}, 30_000);

test("a bot with rooms: any keeps out of the admin rooms, and is deaf in one that it was put into", async () => {
  const admins = scene.ada.createRoom({ alias: "admins", invite: [free] });
  const ops = scene.ada.createRoom({ alias: "ops", public: true });
  scene.configure(`admin: { account: "@roost:sandbox", room: "#ops:sandbox" }\n${config("any")}`);
  await scene.host.stop();
  scene.host.start();
  await until("it declined", () => membership(admins, free) === "leave");
  const kept = join(scene.host.dataDir, "credentials", `${encodeURIComponent(free)}.json`);
  const { accessToken } = await Bun.file(kept).json();
  await fetch(`${scene.homeserver.url}/_matrix/client/v3/join/${encodeURIComponent(ops)}`, {
    method: "POST",
    headers: { authorization: `Bearer ${accessToken}` },
    body: "{}",
  });
  scene.ada.say(ops, "!echo anybody?");
  scene.ada.say(party, "!echo again");
  await scene.answered(party, "again", free);
  expect(scene.replies(ops, free)).toEqual([]);
}, 30_000);

test("a bot that is given a list again is silent elsewhere, though its account is still there", async () => {
  scene.configure(config(`["${listed}"]`));
  await scene.joined(listed, free);
  scene.ada.say(party, "!echo anybody?");
  scene.ada.say(listed, "!echo at home");
  await scene.answered(listed, "at home", free);
  expect(scene.replies(party, free)).toEqual(["hello", "again"]);
  expect(membership(party, free)).toBe("join");
}, 30_000);
