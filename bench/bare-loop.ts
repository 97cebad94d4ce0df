/**
 * The least that can do the job: sync, match, PUT, nothing else. What it takes is what any bot host in this runtime takes.
 * Run as `bun bench/bare-loop.ts HOMESERVER TOKEN...`; imported, it is the contender.
 */
import type { Contender } from "./job.ts";

interface SyncAnswer {
  readonly next_batch: string;
  readonly rooms: {
    readonly join: Record<string, { timeline: { events: { type: string; content: { body?: string } }[] } }>;
  };
}

async function loop(url: string, token: string): Promise<never> {
  const headers = { authorization: `Bearer ${token}` };
  let since = "";
  let txnId = 0;
  for (;;) {
    const answer = await fetch(`${url}/_matrix/client/v3/sync?timeout=30000${since}`, { headers });
    const batch = (await answer.json()) as SyncAnswer;
    const replies: Promise<Response>[] = [];
    for (const [roomId, room] of Object.entries(batch.rooms.join)) {
      for (const { type, content } of room.timeline.events) {
        if (type !== "m.room.message" || !content.body?.startsWith("!ping ")) continue;
        const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/t${txnId++}`;
        const body = JSON.stringify({
          msgtype: "m.notice",
          body: `pong ${content.body.slice("!ping ".length)}`,
        });
        replies.push(fetch(url + path, { method: "PUT", headers, body }));
      }
    }
    await Promise.all(replies);
    since = `&since=${batch.next_batch}`;
  }
}

export const bareLoop: Contender = {
  name: "bare loop",
  findLack: async () => undefined,
  prepare: async (job) => [
    process.execPath,
    import.meta.path,
    job.homeserverUrl,
    ...job.accounts.map(({ accessToken }) => accessToken),
  ],
};

if (import.meta.main) {
  const [url = "", ...tokens] = process.argv.slice(2);
  await Promise.all(tokens.map((token) => loop(url, token)));
}
