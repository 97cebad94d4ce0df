import { RoostError } from "../../src/core/error.ts";
import type { EventId, InstanceId, RoomId, UserId } from "../../src/core/id.ts";
import type { Fault, HostLogger } from "../../src/core/log.ts";
import type { MatrixEvent, SyncBatch } from "../../src/core/matrix.ts";

export const botId = "@bot:test" as UserId;
export const roomId = "!room:test" as RoomId;
export const instance = "echo" as InstanceId;

/** A text message as a person in the room would send it. */
export function messageOf(eventId: string, body: string, extra: Partial<MatrixEvent> = {}): MatrixEvent {
  return {
    roomId,
    eventId: eventId as EventId,
    sender: "@ada:test" as UserId,
    type: "m.room.message",
    stateKey: undefined,
    content: { msgtype: "m.text", body },
    originServerTs: Date.now(),
    ...extra,
  };
}

export function batchOf(events: readonly MatrixEvent[], nextBatch = "s1", gapMs = 0): SyncBatch {
  const positions = new Map(events.map((event) => [event.roomId, event.eventId as EventId | undefined]));
  return { account: botId, deviceId: "D", nextBatch, events, positions, gapMs };
}

/** Collects what is logged, as `SEVERITY sentence`; the end of a fault is an INFO. */
export class CollectingLogger implements HostLogger {
  readonly lines: string[] = [];
  readonly open = new Map<string, Fault>();
  raise = (severity: string, fault: Fault, message: string) => {
    this.open.set(fault.key, fault);
    this.lines.push(`${severity} ${message}`);
  };
  clear = (key: string, message: string) => {
    const isOpen = this.open.delete(key);
    if (isOpen) this.lines.push(`INFO ${message}`);
    return isOpen;
  };
  debug = (message: string) => void this.lines.push(`DEBUG ${message}`);
  info = (message: string) => void this.lines.push(`INFO ${message}`);
  warn = (message: string) => void this.lines.push(`WARN ${message}`);
  error = (message: string) => void this.lines.push(`ERROR ${message}`);
  critical = (message: string) => void this.lines.push(`CRITICAL ${message}`);
}

/** Waits until the condition holds; fails after `timeoutMs` with what was awaited. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`Timed out waiting until ${what}.`);
    await Bun.sleep(5);
  }
}

/** The error a promise rejects with. (`expect(...).rejects` of bun:test holds up the event loop that our promises need.) */
export async function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It was expected to be refused.");
}

export async function failureOf(promise: Promise<unknown>): Promise<RoostError> {
  const error = await refusalOf(promise);
  if (error instanceof RoostError) return error;
  throw new Error(`Expected a RoostError, got ${String(error)}`);
}
