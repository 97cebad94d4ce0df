import { expect, test } from "bun:test";
import { Folder, head, instance } from "./room.ts";

type Outcome = "nothing runs" | "insta runs" | "insta is quarantined" | "the host runs";
const cases: readonly [title: string, yaml: string, outcome: Outcome, ...sentences: string[]][] = [
  // files that say nothing of use
  ["an empty file", "", "nothing runs", "1:1: the file is empty: it needs at least homeserver.url"],
  ["comments alone", "# soon\n", "nothing runs", "1:1: the file is empty: it needs at least homeserver.url"],
  ["a list", "- a\n", "nothing runs", '1:1: must be a mapping (lines of "key: value"), not a list'],
  ["a word", "roost", "nothing runs", '1:1: must be a mapping (lines of "key: value"), not text'],
  // homeserver
  ["no homeserver", "reload: manual\n", "nothing runs", "1:1 homeserver: is missing"],
  [
    "an empty homeserver",
    "homeserver:\n",
    "nothing runs",
    '1:1 homeserver: is empty: it must be a mapping (lines of "key: value")',
  ],
  ["no url", "homeserver: {}\n", "nothing runs", "1:1 homeserver.url: is missing"],
  [
    "an address where the section should be",
    "homeserver: https://m.example.org\n",
    "nothing runs",
    '1:13 homeserver: must be a mapping (lines of "key: value"), not text',
  ],
  [
    "an ftp address",
    "homeserver: { url: ftp://m.example.org }\n",
    "nothing runs",
    '1:20 homeserver.url: must be an address that begins with https:// or http://, such as "https://matrix.example.org"',
  ],
  [
    "an address with a path",
    "homeserver: { url: https://m.example.org/_matrix }\n",
    "nothing runs",
    "1:20 homeserver.url: must end after the server's name (and port): remove the path",
  ],
  [
    "an address with a password",
    "homeserver: { url: https://me:pw@m.example.org }\n",
    "nothing runs",
    "1:20 homeserver.url: must not contain a user name or password: give accounts their own under accounts",
  ],
  // Matrix ids without quotes
  [
    "a bare room id",
    instance("rooms: [!abc:example.org]"),
    "insta is quarantined",
    '8:13 instances.insta.rooms[0]: Matrix IDs must be quoted: "!abc:example.org" (write "!abc:example.org")',
  ],
  [
    "a bare room id without a server",
    instance("rooms: [!AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCd]"),
    "insta is quarantined",
    '8:13 instances.insta.rooms[0]: Matrix IDs must be quoted: "!abc:example.org" (write "!AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCd")',
  ],
  [
    "a bare alias as the value",
    instance("rooms: #ops:example.org"),
    "insta is quarantined",
    '8:12 instances.insta.rooms: Matrix IDs must be quoted: "#ops:example.org" (write "#ops:example.org")',
  ],
  [
    "a bare user as the value",
    `${head}admin:\n  account: @roost:example.org\n`,
    "the host runs",
    '5:12 admin.account: Matrix IDs must be quoted: "@bot:example.org" (write "@roost:example.org")',
  ],
  [
    "bare ids as list items",
    instance("rooms:", "  - #dev:example.org", "  - !abc:example.org", "  - @dan:example.org"),
    "insta is quarantined",
    '9:9 instances.insta.rooms[0]: Matrix IDs must be quoted: "#ops:example.org" (write "#dev:example.org")',
    '10:9 instances.insta.rooms[1]: Matrix IDs must be quoted: "!abc:example.org" (write "!abc:example.org")',
    '11:9 instances.insta.rooms[2]: Matrix IDs must be quoted: "@bot:example.org" (write "@dan:example.org")',
  ],
  [
    "a bare alias first in a one-line list, which swallows the bracket",
    instance("rooms: [#dev:example.org]", "enabled: yes"),
    "insta is quarantined",
    '8:13 instances.insta.rooms[0]: Matrix IDs must be quoted: "#ops:example.org" (write "#dev:example.org")',
    "9:14 instances.insta.enabled: must be true or false, not text (write true)",
  ],
  [
    "a bare alias later in a one-line list",
    instance('rooms: ["!a:example.org", #dev:example.org]'),
    "insta is quarantined",
    '8:31 instances.insta.rooms[1]: Matrix IDs must be quoted: "#ops:example.org" (write "#dev:example.org")',
  ],
  [
    "a bare alias on its own line in brackets",
    instance("rooms: [", "  #dev:example.org,", '  "!a:example.org"', "]"),
    "insta is quarantined",
    '9:7 instances.insta.rooms: Matrix IDs must be quoted: "#ops:example.org" (write "#dev:example.org")',
  ],
  [
    "a bare user as a key",
    instance().replace('  "@a:example.org":', "  @a:example.org:"),
    "insta is quarantined",
    '3:3 accounts["@a:example.org"]: Matrix IDs must be quoted: "@bot:example.org" (write "@a:example.org")',
  ],
  [
    "a bare room as a key",
    "homeserver: { url: https://m.example.org }\naccounts:\n  !a:example.org: {}\n",
    "the host runs",
    '3:3 accounts: Matrix IDs must be quoted: "!abc:example.org" (write "!a:example.org")',
  ],
  [
    "a bare ! as prefix",
    instance("prefix: !"),
    "insta is quarantined",
    '8:13 instances.insta.prefix: text that begins with "!" must be in quotes',
  ],
  [
    "a bare * as prefix",
    instance("prefix: *"),
    "insta is quarantined",
    '8:13 instances.insta.prefix: text that begins with "*" must be in quotes',
  ],
  [
    "a bare # as prefix",
    instance("prefix: #"),
    "insta is quarantined",
    "8:5 instances.insta.prefix: is empty: it must be text",
  ],
  [
    "an unknown tag",
    instance("prefix: !x y"),
    "insta is quarantined",
    '8:13 instances.insta.prefix: text that begins with "!" must be in quotes',
  ],
  // what YAML reads otherwise than meant
  [
    "numbers and booleans for text",
    instance("prefix: 1.10", "rooms: [12]", "plugin: true").replace("    plugin: instagram\n", ""),
    "insta is quarantined",
    '7:13 instances.insta.prefix: must be text, but YAML reads this as a number (put it in quotes: "1.10")',
    '8:13 instances.insta.rooms[0]: must be text, but YAML reads this as a number (put it in quotes: "12")',
    '9:13 instances.insta.plugin: must be text, but YAML reads this as true or false (put it in quotes: "true")',
  ],
  [
    "a number for a secret, which is not repeated",
    "homeserver:\n  url: https://m.example.org\n  registration_token: 0123\n",
    "the host runs",
    "3:23 homeserver.registration_token: must be the secret itself in quotes, { file: PATH } or { env: NAME } (put it in quotes)",
  ],
  [
    "text for a number",
    `${head}server: { port: "80" }\n`,
    "the host runs",
    "4:17 server.port: must be a number, not text (remove the quotes)",
  ],
  [
    "a port that is none",
    `${head}server: { port: 99999 }\n`,
    "the host runs",
    "4:17 server.port: must be at most 65535",
  ],
  [
    "a time without unit",
    `${head}catch_up: 60\n`,
    "the host runs",
    '4:11 catch_up: must be a time such as "30m", "1h" or "2d"',
  ],
  [
    "a choice misspelt",
    `${head}reload: automtic\n`,
    "the host runs",
    '4:9 reload: must be manual or automatic (did you mean "automatic"?)',
  ],
  [
    "a room that is no list",
    instance('rooms: "!a:example.org"'),
    "insta is quarantined",
    '8:12 instances.insta.rooms: must be a list (begin each item on a line of its own with "- "), or any for every room that the account is in',
  ],
  // names
  [
    "misspelt keys at every level",
    `homeserver: { url: https://m.example.org, registration-token: abc }\naccounts:\n  "@a:example.org": { displaynam: A }\nincldue: []\n`,
    "the host runs",
    '1:43 homeserver.registration-token: unknown key "registration-token" (did you mean "registration_token"?)',
    '3:23 accounts["@a:example.org"].displaynam: unknown key "displaynam" (did you mean "displayname"?)',
    '4:1 incldue: unknown key "incldue" (did you mean "include"?)',
  ],
  [
    "a key like no other",
    `${head}server: { colour: red }\n`,
    "the host runs",
    '4:11 server.colour: unknown key "colour" (known keys: host, port, allow_remote, public_url)',
  ],
  [
    "a misspelt data_dir, which would mean another data folder",
    `${head}datadir: /var/lib/roost\n`,
    "nothing runs",
    '4:1 datadir: unknown key "datadir" (did you mean "data_dir"?)',
  ],
  [
    "an unusable data_dir",
    `${head}data_dir: 7\n`,
    "nothing runs",
    '4:11 data_dir: must be text, but YAML reads this as a number (put it in quotes: "7")',
  ],
  [
    "an unknown plugin and an unknown account",
    instance().replace("instagram", "instagramm").replace('account: "@a:', 'account: "@b:'),
    "insta is quarantined",
    '6:13 instances.insta.plugin: there is no plugin named "instagramm" (did you mean "instagram"?)',
    '7:14 instances.insta.account: "@b:example.org" is not listed under accounts (did you mean "@a:example.org"?)',
  ],
  [
    "a plugin like no other",
    instance().replace("plugin: instagram", "plugin: weather"),
    "insta is quarantined",
    '6:13 instances.insta.plugin: there is no plugin named "weather" (plugins: instagram, echo)',
  ],
  [
    "names that cannot be",
    `${head}  bob: {}\ninstances:\n  Insta: { plugin: echo, account: "@a:example.org" }\n  true: {}\n`,
    "the host runs",
    '4:3 accounts.bob: must be a user id such as "@bot:example.org", not "bob"',
    "6:3 instances.Insta: must be a name of up to 63 lower-case letters, digits, - and _, beginning with a letter or digit",
    "7:3 instances.true: names must be text: put this one in quotes",
  ],
  [
    "one instance named twice",
    `${instance()}  insta: {}\n`,
    "insta is quarantined",
    "8:3 instances.insta: this name is given twice: the first is on line 5",
  ],
  [
    "one key given twice",
    instance("rooms: []", "rooms: []"),
    "insta is quarantined",
    "9:5 instances.insta.rooms: this name is given twice: the first is on line 8",
  ],
  [
    "missing keys",
    `${head}instances:\n  insta: { rooms: [] }\n`,
    "insta is quarantined",
    "5:3 instances.insta.plugin: is missing",
    "5:3 instances.insta.account: is missing",
  ],
  // rooms
  [
    "things that are no rooms",
    instance('rooms: ["@a:example.org", "#ops", general]'),
    "insta is quarantined",
    '8:13 instances.insta.rooms[0]: must be a room, but "@a:example.org" is a user',
    '8:31 instances.insta.rooms[1]: lacks its server: write "#ops:example.org" with your server\'s name',
    '8:39 instances.insta.rooms[2]: must be a room id such as "!abc:example.org" or an alias such as "#ops:example.org", not "general"',
  ],
  // a plugin's own settings
  [
    "bad plugin settings",
    instance("config: { carousel: thred, limit: 11, names: [1], proxi: x }"),
    "insta is quarantined",
    '8:25 instances.insta.config.carousel: must be thread or single (did you mean "thread"?)',
    "8:39 instances.insta.config.limit: must be at most 10",
    '8:51 instances.insta.config.names[0]: must be text, but YAML reads this as a number (put it in quotes: "1")',
    '8:55 instances.insta.config.proxi: unknown key "proxi" (did you mean "proxy"?)',
  ],
  // server and admin
  [
    "an address for everyone",
    `${head}server: { host: 0.0.0.0 }\n`,
    "the host runs",
    '4:17 server.host: other machines can reach "0.0.0.0": leave 127.0.0.1 and use an SSH tunnel, or set server.allow_remote: true',
  ],
  [
    "a bot on the admin account",
    `${instance('rooms: ["!a:example.org"]')}admin: { account: "@a:example.org" }\n`,
    "insta is quarantined",
    "7:14 instances.insta.account: is the admin account, which must run no bot: give this instance an account of its own",
  ],
  [
    "a password where its hash should be",
    `${head}admin: { password_hash: hunter2 }\n`,
    "the host runs",
    "4:25 admin.password_hash: is not a password hash: put here what `roost hash-password` prints, not the password",
  ],
  [
    "an admin room that may hear nothing, or at no known interval",
    `${head}admin: { account: "@r:example.org", room: "#a:example.org", messages_per_hour: 0, message_interval: soon }\n`,
    "the host runs",
    "4:80 admin.messages_per_hour: must be at least 1",
    '4:101 admin.message_interval: must be a time such as "30m", "1h" or "2d"',
  ],
  // warnings
  [
    "no rooms",
    instance(),
    "insta runs",
    "5:3 instances.insta.rooms: warning: this instance answers nowhere: list the rooms it is to work in",
  ],
  [
    "a bot in any room",
    `${head}instances:\n  echo: { plugin: echo, account: "@a:example.org", rooms: any }\n`,
    "the host runs",
  ],
  [
    "the Instagram bot in any room",
    instance("rooms: any"),
    "insta is quarantined",
    "8:12 instances.insta.rooms: the Instagram bot works in listed rooms only: list them",
  ],
  [
    "a bot in every room",
    instance("rooms: every"),
    "insta is quarantined",
    '8:12 instances.insta.rooms: must be a list (begin each item on a line of its own with "- "), or any for every room that the account is in',
  ],
  [
    "two bots that answer the same, one of them anywhere",
    `${head}  "@c:example.org":\ninstances:\n  one: { plugin: echo, account: "@a:example.org", rooms: ["!a:example.org"] }\n  two: { plugin: echo, account: "@c:example.org", rooms: any }\n`,
    "the host runs",
    '7:3 instances.two: warning: "one" and "two" both answer to "!echo" in every room that both are in',
  ],
  [
    "an account on another server",
    `${head}  "@b:example.org":\n  "@c:example.com":\n`,
    "the host runs",
    '5:3 accounts["@c:example.com"]: warning: is on another server than the other accounts, which are on "example.org"',
  ],
  [
    "an admin room that nobody writes to",
    `${head}admin: { room: "#admins:example.org" }\n`,
    "the host runs",
    "4:16 admin.room: warning: nobody writes to this room: admin.account is missing",
  ],
  [
    "a bot in the admin room",
    `${instance('rooms: ["!a:example.org", "#ops:example.org"]')}admin: { account: "@b:example.org", room: "#ops:example.org" }\n`,
    "insta is quarantined",
    "8:12 instances.insta.rooms: names admin.room, where no bot works: whoever is in it may command the homeserver",
  ],
  [
    "two bots that answer the same",
    `${instance('rooms: ["!a:example.org", "!b:example.org"]')}  other:\n    plugin: instagram\n    account: "@a:example.org"\n    rooms: ["!b:example.org"]\n`,
    "insta runs",
    '9:3 instances.other: warning: "insta" and "other" both answer to "!instagram" in "!b:example.org"',
  ],
  // syntax
  [
    "a tab",
    "homeserver:\n\turl: https://m.example.org\n",
    "nothing runs",
    "2:1 homeserver: this line is indented with a tab: YAML allows only spaces there",
  ],
  [
    "an open quotation mark",
    `${head}reload: "manual\n`,
    "nothing runs",
    "4:9 reload: a quotation mark that is opened here is never closed",
  ],
  [
    "an open bracket",
    `${instance("rooms: [")}reload: manual\n`,
    "nothing runs",
    "9:1 reload: the indentation does not fit the lines above, or a bracket that was opened above is not closed before this place",
  ],
  [
    "a second colon",
    `${head}data_dir: a: b\n`,
    "nothing runs",
    '4:11 data_dir.a: there is a second ": " on this line: if it belongs to the value, put the value in quotes',
  ],
  [
    "two documents",
    `${head}---\nreload: manual\n`,
    "nothing runs",
    '4:1: a second document begins here with "---": the file may hold only one',
  ],
  [
    "a directive",
    `%YAML 9.9\n---\n${head}`,
    "nothing runs",
    '1:7: a line that begins with "%" is an instruction to the parser, which Roost does not use: remove it',
  ],
  [
    "an alias in a circle",
    instance("config: &a { names: *a }"),
    "insta is quarantined",
    "8:25 instances.insta.config.names: this alias leads in a circle: it stands inside of what it repeats",
  ],
  [
    "an alias without anchor",
    instance("rooms: *nowhere"),
    "insta is quarantined",
    '8:12 instances.insta.rooms: text that begins with "*" must be in quotes',
  ],
  [
    "an endless number",
    instance("config: { limit: .inf }"),
    "insta is quarantined",
    "8:22 instances.insta.config.limit: this number cannot be used: put it in quotes if it is meant as text",
  ],
];

for (const [title, yaml, outcome, ...sentences] of cases) {
  test(`explains ${title}`, () => {
    using folder = new Folder();
    const loaded = folder.load(yaml);
    expect(folder.sentences(loaded)).toEqual(sentences.map((sentence) => `config.yaml:${sentence}`));
    const { config } = loaded;
    const insta = [...(config?.instances.keys() ?? [])].some((id) => id === "insta");
    const quarantined = [...(config?.quarantined.keys() ?? [])].some((id) => id === "insta");
    const seen = quarantined ? "insta is quarantined" : insta ? "insta runs" : "the host runs";
    expect(config === undefined ? "nothing runs" : seen).toBe(outcome);
  });
}

test("shows the line with a caret under the column", () => {
  using folder = new Folder();
  const [problem] = folder.load(instance("rooms: [!abc:example.org]")).problems;
  expect(problem?.excerpt).toBe("    rooms: [!abc:example.org]\n            ^");
});

test("shows a part of a very long line, and no control characters", () => {
  using folder = new Folder();
  const [problem] = folder
    .load(instance(`rooms: ["${"x".repeat(300)}\\n", "\u001b[31m", "bad"]`))
    .problems.slice(2);
  expect(problem?.excerpt).not.toMatch(/[^\x20-\x7e\n]/);
  expect(problem?.excerpt?.length).toBeLessThan(260);
});

test("explains an alias bomb at the alias that goes too far", () => {
  using folder = new Folder();
  const levels = Array.from(
    { length: 9 },
    (_, i) => `  l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]\n`,
  );
  const loaded = folder.load(
    `${instance()}    config:\n      l0: &l0 [x]\n${levels.map((line) => `    ${line}`).join("")}`,
  );
  const [first] = folder.sentences(loaded);
  expect(first).toContain("this is too large or too deep, counting what its aliases (*name) repeat");
  expect(loaded.config).toBeUndefined();
});

test("explains brackets nested without end", () => {
  using folder = new Folder();
  const sentences = folder.sentences(folder.load("[".repeat(20_000)));
  expect(sentences.join("\n")).toContain("there are too many brackets or lists inside each other");
});

test("lists a hundred problems of one file, and how many more there are", () => {
  using folder = new Folder();
  const keys = Array.from({ length: 500 }, (_, i) => `key${i}: 1\n`).join("");
  const { problems } = folder.load(head + keys);
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)?.message).toBe("there are 400 more problems in this file");
});
