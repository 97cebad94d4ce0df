import { createServer } from "node:net";
import type { Config } from "../core/config.ts";
import type { HostSnapshot } from "../core/status.ts";
import { type Finding, fine, wrong } from "./finding.ts";

const memoryShare = 0.9;

/** Programs that bots may use. None has to be there: a missing one is told, and is no fault. */
export function checkPrograms({ instances }: Config, path: string | undefined): Finding[] {
  const find = (name: string) => Bun.which(name, path === undefined ? {} : { PATH: path });
  const hasInstagram = [...instances.values()].some(({ plugin }) => plugin === "instagram");
  const ytDlp = find("yt-dlp") ?? undefined;
  const python = find("python3") ?? undefined;
  return [
    ...(hasInstagram
      ? [fine("yt-dlp", ytDlp ?? "It is not on this PATH: the Instagram bot does without its last resort.")]
      : []),
    fine("python3", python ?? "It is not on this PATH: Python plugins cannot run, all others can."),
  ];
}

/** Whether the page's port is free, or held by the host that runs on this data folder. */
export async function checkPort({ server }: Config, host: HostSnapshot | undefined): Promise<Finding[]> {
  const place = `${server.host} port ${server.port}`;
  if (await isFree(server.host, server.port)) {
    return host === undefined
      ? [fine("port", `${place} is free.`)]
      : [wrong("port", `The host does not listen on ${place} yet: see its log with: roost logs`)];
  }
  if (host !== undefined && (await answersAsRoost(server.host, server.port)))
    return [fine("port", `Roost answers on ${place}.`)];
  return [wrong("port", `${place} is taken: see by whom with: ss -ltnp 'sport = :${server.port}'`)];
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

async function answersAsRoost(host: string, port: number): Promise<boolean> {
  try {
    const name = host.includes(":") ? `[${host}]` : host;
    const answer = await fetch(`http://${name}:${port}/livez`, { signal: AbortSignal.timeout(5_000) });
    return answer.headers.get("content-type") === "application/health+json";
  } catch {
    return false;
  }
}

/** What the running host says is wrong with it, and how near it is to the memory that its unit may use. */
export function checkHost(
  { instances, faults, database, resources }: HostSnapshot,
  holder: string,
): Finding[] {
  const running = instances.filter(({ observed }) => observed.state === "running").length;
  return [
    fine("host", `It runs (${holder}), and with it ${running} of ${instances.length} instances.`),
    ...faults.map(({ instance, message, command }) =>
      wrong(instance ?? "host", `${message}${command === undefined ? "" : ` Run: ${command}`}`),
    ),
    ...(database.cause === undefined ? [] : [wrong("database", database.cause)]),
    checkMemory(resources),
  ];
}

function checkMemory({ rssBytes, cgroup }: HostSnapshot["resources"]): Finding {
  const used = `${Math.round(rssBytes / 1e6)} MB are used`;
  if (cgroup?.maxBytes === undefined) return fine("memory", `${used}; its unit has no limit.`);
  const limit = `its unit may use ${Math.round(cgroup.maxBytes / 1e6)} MB`;
  return cgroup.currentBytes > memoryShare * cgroup.maxBytes
    ? wrong("memory", `${used}, and ${limit}: raise MemoryMax, or run fewer bots.`)
    : fine("memory", `${used}; ${limit}.`);
}
