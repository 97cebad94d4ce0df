import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../src/sandbox/sandbox-user.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { freePort, HostProcess } from "./doubles/host.ts";

const folder = temporaryFolder();
const homeserver = new Homeserver({
  serverName: "sandbox",
  dialect: "synapse",
  registrationToken: "letmein",
});
let ada: SandboxUser;
let host: HostProcess;
let listed: string;
let party: string;

const membership = (room: string, bot: string) => homeserver.memberships(room).get(`@${bot}:sandbox`);
const replies = (room: string, bot: string) =>
  homeserver
    .timeline(room)
    .filter(({ sender, type }) => sender === `@${bot}:sandbox` && type === "m.room.message")
    .map(({ content }) => content.body);
const config = (free: string) => `reload: automatic
accounts: { "@free:sandbox": {}, "@bound:sandbox": {} }
instances:
  free: { plugin: echo, account: "@free:sandbox", rooms: ${free} }
  bound: { plugin: echo, account: "@bound:sandbox", prefix: "?", rooms: ["${listed}"] }
`;

beforeAll(async () => {
  await homeserver.open();
  ada = homeserver.createUser("ada");
  listed = ada.createRoom({ name: "listed", public: true });
  host = new HostProcess(join(folder.path, "host"), await freePort());
  host.configure(homeserver.url, config("any"));
  host.start();
  for (const bot of ["free", "bound"]) await host.untilInstance(bot, "running");
});
afterAll(async () => {
  await host.kill();
  await homeserver.close();
  folder[Symbol.dispose]();
});

test("a bot with rooms: any accepts an invitation and answers there, while one with a list declines and stays deaf", async () => {
  party = ada.createRoom({ name: "party" });
  ada.say(party, "!echo before anybody came");
  for (const bot of ["@free:sandbox", "@bound:sandbox"]) ada.invite(party, bot);
  await until("it joined", () => membership(party, "free") === "join");
  await until("the other declined", () => membership(party, "bound") === "leave");
  ada.say(party, "?echo for the bound one");
  ada.say(party, "!echo hello");
  await until("it answers", () => replies(party, "free").length > 0);
  ada.say(listed, "?echo still here");
  await until("the bound one answers at home", () => replies(listed, "bound").includes("still here"));
  expect(replies(party, "free")).toEqual(["hello"]);
  expect(replies(party, "bound")).toEqual([]);
});

test("the rooms of a bot with rooms: any are looked after as listed ones are", async () => {
  const secret = ada.createRoom({ name: "secret", encrypted: true, invite: ["@free:sandbox"] });
  await until("it joined", () => membership(secret, "free") === "join");
  await until("it is told of", () => host.output.includes(`${secret} is encrypted`));
  const { body } = await host.health("/healthz/free");
  expect(body).toContain("1 room encrypted");
  const { out } = await host.command("doctor", "--json");
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
  const admins = ada.createRoom({ alias: "admins", invite: ["@free:sandbox"] });
  const ops = ada.createRoom({ alias: "ops", public: true });
  host.configure(
    homeserver.url,
    `admin: { account: "@roost:sandbox", room: "#ops:sandbox" }\n${config("any")}`,
  );
  await host.stop();
  host.start();
  await until("it declined", () => membership(admins, "free") === "leave");
  const kept = join(host.dataDir, "credentials", `${encodeURIComponent("@free:sandbox")}.json`);
  const { accessToken } = await Bun.file(kept).json();
  await fetch(`${homeserver.url}/_matrix/client/v3/join/${encodeURIComponent(ops)}`, {
    method: "POST",
    headers: { authorization: `Bearer ${accessToken}` },
    body: "{}",
  });
  ada.say(ops, "!echo anybody?");
  ada.say(party, "!echo again");
  await until("it answers elsewhere", () => replies(party, "free").includes("again"));
  expect(replies(ops, "free")).toEqual([]);
}, 30_000);

test("a bot that is given a list again is silent elsewhere, though its account is still there", async () => {
  host.configure(homeserver.url, config(`["${listed}"]`));
  await until("it joined", () => membership(listed, "free") === "join");
  ada.say(party, "!echo anybody?");
  ada.say(listed, "!echo at home");
  await until("it answers at home", () => replies(listed, "free").includes("at home"));
  expect(replies(party, "free")).toEqual(["hello", "again"]);
  expect(membership(party, "free")).toBe("join");
}, 30_000);
