import type { Step } from "../conversation.ts";
import { answered, remembered, say, send, silently } from "../steps.ts";

export const commands: readonly Step[] = [
  ...["!plain", "!PLAIN", "!unnamed", "!first", "!second", "!fixed"].map((text) => say(text)),
  ...["!aliased", "!al", "!alias", "!raw", "!raw a  b *c* <d>", "!raw  two\nlines", "!raw "].map((text) =>
    say(text),
  ),
  ...["!wanted", "!wanted some words", "!wanted   spaces around  "].map((text) => say(text)),
  ...["!two", "!two one", "!two one two", "!two one two three", '!two "a b" c', "!two  'a b'  c"].map(
    (text) => say(text),
  ),
  ...['!two "not closed', '!two \\"a b', "!two a\nb", "!lenient one two three", "!lenient"].map((text) =>
    say(text),
  ),
  ...["!matching 10:30", "!matching 10:30 word", "!matching ten", "!matching 10:30 UPPER"].map((text) =>
    say(text),
  ),
  ...["!parsed 5", "!optional", "!optional 7", "!parsed 5 6"].map((text) => say(text)),
  ...["!custom red", "!custom red one two", "!custom pink", "!custom grey", "!custom blue"].map((text) =>
    say(text),
  ),
  ...["!tree", "!tree nothing", "!tree branch", "!tree branch one", "!tree BR two", "!tree limb"].map(
    (text) => say(text),
  ),
  ...[
    "!tree leafy",
    "!tree leafy leaf green",
    "!tree leafy leaf blue",
    "!tree leafy leaf",
    "!tree leafy other",
  ].map((text) => say(text)),
  ...["!tree configured-branch", "!tree  branch  spaced", "!tree branch one two"].map((text) => say(text)),
  ...["!house", "!house 12", "!house door", "!house door front", "!house 12 door"].map((text) => say(text)),
  ...["!fall", "!fall ann", "!fall ann show", "!fall ann show book", "!fall show book"].map((text) =>
    say(text),
  ),
  ...["!strung", "!tree t", "!tree twig"].map((text) => say(text)),
  ...["!st", "!s"].map((text) => silently(say(text))),
  answered(7, say("!usage")),
  ...["!parts", "!upside", "!upside a b c", "!unloaded", "!made"].map((text) => say(text)),
  say("!version"),
  send({ msgtype: "m.notice", body: "!noticed" }),
  send({ msgtype: "m.emote", body: "!noticed" }),
  silently(
    send(
      { msgtype: "m.text", body: "!named" },
      undefined,
      "a command in an event of another type",
      "org.example.words",
    ),
  ),
  send(
    (scene) => ({
      msgtype: "m.text",
      body: `> <${scene.bot}> quoted\n> lines\n\n!raw after a quotation`,
      format: "org.matrix.custom.html",
      formatted_body: "<mx-reply><blockquote>quoted</blockquote></mx-reply>!raw after a quotation",
      "m.relates_to": { "m.in_reply_to": { event_id: remembered(scene) } },
    }),
    "quoting",
    "a command in a reply",
  ),
  send(
    (scene) => ({
      msgtype: "m.text",
      body: "!raw in a thread",
      "m.relates_to": { rel_type: "m.thread", event_id: remembered(scene), is_falling_back: true },
    }),
    "threaded",
    "a command in a thread",
  ),
  send(
    (scene) => ({
      msgtype: "m.text",
      body: "* !raw edited",
      "m.new_content": { msgtype: "m.text", body: "!raw edited" },
      "m.relates_to": { rel_type: "m.replace", event_id: remembered(scene) },
    }),
    "edit",
    "an edit that makes a command",
  ),
  ...[
    "plain",
    "! plain",
    " !plain",
    "!!plain",
    "!nosuch",
    "!plainly",
    "say !plain",
    "!",
    "!raises",
    "!configured",
    "!static",
  ].map((text) => silently(say(text))),
  say("!parsed five"),
  say("!plain with more"),
  silently(say("!plain\nwith a line")),
  silently(say("!raw\ntwo\nlines")),
  silently(send({ msgtype: "m.notice", body: "!plain" })),
  say("!plain"),
];
