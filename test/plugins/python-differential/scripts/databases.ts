import type { Step } from "../conversation.ts";
import { configure, differing, query, readSettings, say, silently } from "../steps.ts";

const fromOutside =
  "Roost shows what the admin wrote, without the defaults and without what the plugin saved";
const kept =
  "Roost lays new settings over the defaults, and keeps what the plugin saved where they say nothing";

export const storage: readonly Step[] = [
  ...[
    "!note",
    "!note list",
    "!note add one",
    "!note add two  *words*",
    "!note list",
    "!note tag 1 b a",
    "!note tag 1 a",
  ].map((text) => say(text)),
  ...[
    "!note tag 99 a",
    "!note show 1",
    "!note show 77",
    "!note done 2",
    "!note show 2",
    "!note facts",
    "!levels",
  ].map((text) => say(text)),
  query("SELECT * FROM note ORDER BY id"),
  query("SELECT * FROM tag ORDER BY note, name"),
  query("SELECT * FROM version"),
  say("!setting"),
  say("!setting greet Good *day*"),
  say("!setting"),
  differing(fromOutside, readSettings),
  configure(
    'owners: ["@bert:roost.test"]\ngreeting: From outside\nlimits: { pause: 7, deep: { most: 9 } }\nextra: { other: 1 }\nprojects: { 7: seven, 12: dozen }\nservice_token: ""\n',
  ),
  say("!setting"),
  readSettings,
  configure("old_greeting: An old one\n"),
  differing(kept, say("!setting")),
  differing(fromOutside, readSettings),
];

export const legacy: readonly Step[] = [
  ...[
    "!score",
    "!score best",
    "!score add ann",
    "!score add bob",
    "!score add ann",
    "!score best",
    "!score total",
  ].map((text) => say(text)),
  query("SELECT * FROM score ORDER BY name"),
  say("!score clear"),
  query("SELECT * FROM score"),
  silently(say("score")),
];
