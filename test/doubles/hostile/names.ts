import { greeter } from "../plugin-archive.ts";
import { type Hostile, manifest, withEntry } from "./base.ts";

export function* names(): Generator<Hostile> {
  const wrong: Readonly<Record<string, RegExp>> = {
    "../evil.py": /leads out/,
    "../../../../etc/passwd": /leads out/,
    "a/../../evil.py": /leads out/,
    "a/..": /leads out/,
    "..": /leads out/,
    "a/b/../c.py": /leads out/,
    "/etc/passwd": /absolute/,
    "//server/share": /absolute/,
    "/": /no name/,
    "": /no name/,
    "C:/windows/x": /drive letter/,
    "c:evil.py": /drive letter/,
    "z:": /drive letter/,
    "..\\evil.py": /backslash/,
    "a\\b.py": /backslash/,
    "\\\\server\\x": /backslash/,
    "a\0.py": /NUL/,
    "maubot.yaml\0.txt": /NUL/,
    "a\nb.py": /control character/,
    "a\u001b[2Jb.py": /control character/,
    "a\u0085b.py": /control character/,
    "a\u007fb.py": /control character/,
    "./a.py": /empty part/,
    "a/./b.py": /empty part/,
    "a//b.py": /empty part/,
    "a/b//": /empty part/,
    ".": /empty part/,
    [`${"a".repeat(256)}.py`]: /255 bytes/,
    [`${"é".repeat(130)}.py`]: /255 bytes/,
    [`${"a/".repeat(300)}b.py`]: /512 bytes/,
  };
  for (const [name, says] of Object.entries(wrong)) {
    yield {
      what: `an entry named ${JSON.stringify(name.slice(0, 30))}`,
      bytes: withEntry({ name, data: "x" }),
      says,
    };
    yield {
      what: `a folder at ${JSON.stringify(name.slice(0, 30))}`,
      bytes: withEntry({ name: `${name}/`, mode: 0o40755 }),
      says: /name|leads out|drive letter/,
    };
  }
  const badUtf8 = [
    [0xff],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xe2, 0x82],
    [0xf4, 0x90, 0x80, 0x80],
    [0x61, 0x80],
  ];
  for (const bytes of badUtf8) {
    const name = new Uint8Array([...bytes, 0x2e]);
    yield { what: `a name of bytes ${bytes}`, bytes: withEntry({ name, data: "x" }), says: /not UTF-8/ };
    yield {
      what: `an unmarked name of bytes ${bytes}`,
      bytes: withEntry({ name, data: "x", flags: 0 }),
      says: /not UTF-8/,
    };
  }
  yield {
    what: "an unmarked UTF-8 name",
    bytes: withEntry({ name: "é.py", data: "x", flags: 0 }),
    says: /not marked/,
  };
}

export function* clashes(): Generator<Hostile> {
  const pairs: readonly (readonly [string, string, RegExp])[] = [
    ["a.py", "a.py", /twice/],
    ["maubot.yaml", "Maubot.yaml", /letter case/],
    ["greeter/bot.py", "greeter/BOT.py", /letter case/],
    ["x/a.py", "X/b.py", /letter case/],
    ["caf\u00e9.py", "cafe\u0301.py", /letter case or accents/],
    ["\u212a.py", "k.py", /letter case/],
    ["ﬁle.py", "file.py", /letter case/],
    ["a", "a/b.py", /file and a folder/],
    ["a/b", "a/b/", /file and a folder/],
  ];
  for (const [one, other, says] of pairs) {
    const second = one in greeter ? [] : [{ name: one, data: "1" }];
    const isFolder = other.endsWith("/");
    yield {
      what: `${one} beside ${other}`,
      bytes: withEntry(...second, { name: other, data: isFolder ? "" : "2" }),
      says,
    };
  }
  yield { what: "two manifests", bytes: withEntry({ name: "maubot.yaml", data: manifest }), says: /twice/ };
}
