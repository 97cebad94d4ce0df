import { expect, test } from "bun:test";
import { asInstanceId } from "../../src/core/id.ts";
import type { LogRecord } from "../../src/core/log.ts";
import { type ConsoleStyle, consoleSink, consoleStyle } from "../../src/log/console.ts";

const record: LogRecord = {
  timeMs: Date.parse("2025-03-01T12:03:04.567Z"),
  severity: "WARN",
  instance: asInstanceId("insta"),
  message: "The homeserver is away.",
  context: { attempt: 3, url: "https://example.org", said: "try later" },
  causes: ["Error: ECONNREFUSED"],
};

function write(style: ConsoleStyle, written: LogRecord = record): string {
  const lines: string[] = [];
  consoleSink((line) => lines.push(line), style)(written);
  return lines.join("");
}

test("a journal gets JSON behind a systemd priority, with an RFC 3339 time", () => {
  const line = write("json");
  expect(line.startsWith("<4>{")).toBe(true);
  expect(line.endsWith("}\n")).toBe(true);
  expect(JSON.parse(line.slice(3))).toEqual({
    time: "2025-03-01T12:03:04.567Z",
    severity: "WARN",
    instance: "insta",
    message: "The homeserver is away.",
    context: record.context,
    causes: record.causes,
  });
});

test("every severity has its own systemd priority", () => {
  const severities = ["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"] as const;
  expect(severities.map((severity) => write("json", { ...record, severity }).slice(0, 3))).toEqual([
    "<7>",
    "<6>",
    "<4>",
    "<3>",
    "<2>",
  ]);
});

test("a terminal gets a line of text with key=value, quoted where a value has spaces", () => {
  const time = new Date(record.timeMs).toTimeString().slice(0, 8);
  expect(write("text")).toBe(
    `${time} WARN     insta The homeserver is away. attempt=3 url=https://example.org said="try later" cause="Error: ECONNREFUSED"\n`,
  );
});

test("colour adds nothing but escape sequences", () => {
  const coloured = write("colour");
  expect(coloured).toContain("\x1b[33m");
  expect(Bun.stripANSI(coloured)).toBe(write("text"));
});

test("colour needs a terminal and an unset or empty NO_COLOR", () => {
  expect(consoleStyle(false, undefined)).toBe("json");
  expect(consoleStyle(true, undefined)).toBe("colour");
  expect(consoleStyle(true, "")).toBe("colour");
  expect(consoleStyle(true, "1")).toBe("text");
});
