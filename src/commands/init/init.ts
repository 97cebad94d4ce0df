import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { loadConfig } from "../../config/load.ts";
import { formatProblem } from "../../core/config.ts";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { asRoomAlias, serverOf, type UserId } from "../../core/id.ts";
import { pluginSettings } from "../../host/plugin-settings.ts";
import { hasLoggedIn } from "../../matrix/credentials.ts";
import { configFileOf, exitCode, type Terminal } from "../terminal.ts";
import {
  checkPlace,
  checkRooms,
  checkTokenFile,
  checkUser,
  type FoundRoom,
  isAlias,
  type Place,
  readableByOthers,
} from "./answers.ts";
import { type Answers, configText } from "./config-text.ts";

export interface InitOptions {
  readonly config?: string | undefined;
  readonly homeserver?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly admin?: string | undefined;
  readonly rooms?: string | undefined;
  readonly instagram?: string | undefined;
  readonly bot?: string | undefined;
  readonly nonInteractive?: boolean | undefined;
  readonly json?: boolean | undefined;
}

type Ask = <T>(
  question: string,
  given: string | undefined,
  check: (text: string) => Promise<T>,
) => Promise<T>;

const flags = [
  ["homeserver", "--homeserver"],
  ["tokenFile", "--token-file"],
  ["admin", "--admin"],
  ["rooms", "--rooms"],
  ["instagram", "--instagram"],
] as const;

/** `roost init`: five questions, each answer tried on the homeserver, and a config that can be served. Registers nobody. */
export async function init(
  options: InitOptions,
  input: AsyncIterable<string>,
  terminal: Terminal,
): Promise<number> {
  const file = resolve(configFileOf(options.config, terminal));
  if (existsSync(file)) {
    terminal.err(`${file} is there already. Move it away, or name another: roost init --config FILE`);
    return exitCode.problem;
  }
  const missing = flags.filter(([name]) => options[name] === undefined).map(([, flag]) => flag);
  if (options.nonInteractive && missing.length > 0) {
    terminal.err(`--non-interactive needs ${missing.join(", ")} as well. See: roost init --help`);
    return exitCode.usage;
  }
  const { place, rooms, answers } = await askAll(options, file, askerOf(options, input, terminal));
  write(file, configText(file, answers));
  const loaded = loadConfig(file, { env: terminal.env, plugins: pluginSettings, hasLoggedIn });
  for (const problem of loaded.problems) terminal.err(formatProblem(problem));
  const notes = [
    ...rooms.filter(({ isOpen }) => isOpen !== true).map((found) => inviteTo(found, answers.bot)),
    readableByOthers(answers.tokenFile),
  ].filter((note) => note !== undefined);
  if (options.json) terminal.out(JSON.stringify({ config: file, homeserver: place.url, ...answers, notes }));
  else {
    terminal.out(`Written: ${file}`);
    for (const note of notes) terminal.out(note);
    terminal.out(`Next: roost serve --config ${file}`);
    terminal.out(
      `Then try it in the room: ${answers.wantsInstagram ? "paste an Instagram link" : "!echo hello"}`,
    );
  }
  return loaded.problems.some(({ severity }) => severity === "error") ? exitCode.problem : exitCode.fine;
}

async function askAll(
  options: InitOptions,
  file: string,
  ask: Ask,
): Promise<{ place: Place; rooms: readonly FoundRoom[]; answers: Answers }> {
  const isOurs = (userId: UserId) => hasLoggedIn(join(dirname(file), "data"), userId);
  const place = await ask(
    "1/5 Where is the homeserver? Its address or name, such as example.org",
    options.homeserver,
    checkPlace,
  );
  const tokenFile = await ask(
    "2/5 Which file holds its registration token? Its path, not the token",
    options.tokenFile,
    (text) => checkTokenFile(text, place),
  );
  const reporter = place.serverName === undefined ? undefined : `@roost:${place.serverName}`;
  const offer = reporter === undefined ? "such as @roost:example.org" : `or Enter for ${reporter}`;
  const admin = await ask(
    `3/5 Which account shall report errors to admins? A new one, ${offer}`,
    options.admin,
    (text) => checkUser(text === "" ? (reporter ?? "") : text, place, isOurs),
  );
  const rooms = await ask("4/5 In which rooms shall the bot work? Addresses or ids", options.rooms, (text) =>
    checkRooms(text, place),
  );
  const wantsInstagram = await ask(
    "5/5 Shall it show Instagram links, yes or no? No makes a bot that answers !echo",
    options.instagram,
    yesOrNo,
  );
  const name = wantsInstagram ? "instagram" : "echo";
  const bot = await ask(
    "Which other account shall the bot be? A new one",
    options.bot ?? `@${name}:${serverOf(admin)}`,
    async (text) => {
      if (text !== admin) return await checkUser(text, place, isOurs);
      throw new RoostError(
        "bad-request",
        `${admin} reports errors and runs no bot: give the bot another name.`,
      );
    },
  );
  const reports = asRoomAlias(`#admins:${serverOf(admin)}`);
  const adminRoom = reports !== undefined && (await isAlias(reports, place.http)) ? reports : undefined;
  const { url } = place;
  return {
    place,
    rooms,
    answers: { url, tokenFile, admin, adminRoom, bot, rooms: rooms.map(({ room }) => room), wantsInstagram },
  };
}

/** Takes what an option gave, else asks until the answer is good; without anybody to ask, the first bad answer ends it. */
function askerOf(options: InitOptions, input: AsyncIterable<string>, terminal: Terminal): Ask {
  const lines = input[Symbol.asyncIterator]();
  return async (question, given, check) => {
    for (let answer = given; ; ) {
      try {
        if (answer !== undefined) return await check(answer.trim());
      } catch (error) {
        if (options.nonInteractive || !(error instanceof RoostError)) throw error;
        terminal.err(sentenceOf(error));
      }
      terminal.err(question);
      const next = await lines.next();
      if (next.done)
        throw new RoostError(
          "usage",
          "Nobody answered. Give every answer as an option, with --non-interactive: roost init --help",
        );
      answer = next.value;
    }
  };
}

function inviteTo({ room, isOpen }: FoundRoom, bot: UserId): string {
  return `Invite ${bot} to ${room}${isOpen === undefined ? ", unless it is open to everybody" : ""}; it accepts once it runs.`;
}

async function yesOrNo(text: string): Promise<boolean> {
  if (/^(y|yes|true)$/i.test(text)) return true;
  if (/^(n|no|false)$/i.test(text)) return false;
  throw new RoostError("bad-request", `Answer yes or no, not "${text}".`);
}

/** It names secrets and holds none, so it may be read by the user that runs the host, whoever that is. */
function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: "wx", mode: 0o644 });
  } catch (error) {
    throw new RoostError(
      "bad-request",
      `${file} cannot be written (${sentenceOf(error)}). Name another place: roost init --config FILE`,
    );
  }
}
