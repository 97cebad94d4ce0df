import { dirname, relative } from "node:path";
import { serverOf, type UserId } from "../../core/id.ts";
import type { RoomReference } from "../../core/matrix.ts";

/** What the questions of `roost init` brought. */
export interface Answers {
  readonly url: string;
  readonly tokenFile: string;
  readonly admin: UserId;
  /** Where it reports; undefined if nobody said so and the homeserver has no admin room. */
  readonly adminRoom: RoomReference | undefined;
  readonly bot: UserId;
  readonly rooms: readonly RoomReference[];
  readonly wantsInstagram: boolean;
}

/** A first config, with a comment wherever the next question comes up. */
export function configText(file: string, answers: Answers): string {
  const { url, admin, adminRoom, bot, rooms, wantsInstagram } = answers;
  const plugin = wantsInstagram ? "instagram" : "echo";
  const quoted = (text: string) => JSON.stringify(text);
  const server = serverOf(admin);
  return `# Written by \`roost init\`. Check an edit with: roost check --config ${file}
# All settings: \`roost schema\` prints them for an editor.

homeserver:
  url: ${quoted(url)}
  # Registers the accounts below that have neither a password nor a token. A secret never has to stand here: { file: PATH }.
  registration_token: { file: ${quoted(near(file, answers.tokenFile))} }

admin:
  # Who reports errors. It runs no bot.
  account: ${quoted(admin)}
  # The room it reports to; invite it there. Who is in a homeserver's own admin room may command the homeserver.
  ${adminRoom === undefined ? `# room: ${quoted(`#roost-reports:${server}`)}` : `room: ${quoted(adminRoom)}`}
  # The login for the page, http://127.0.0.1:29316/; \`roost hash-password\` prints the hash.
  # username: admin
  # password_hash: { file: secrets/password_hash }

accounts:
  ${quoted(admin)}: {}
  ${quoted(bot)}:
    displayname: ${wantsInstagram ? "Instagram" : "Echo"}

instances:
  ${plugin}:
    plugin: ${plugin}
    account: ${quoted(bot)}
    # Everywhere else it neither listens nor speaks. Invite it, if a room is not open to everybody.
    rooms:
${rooms.map((room) => `      - ${quoted(room)}`).join("\n")}
`;
}

/** Relative to the config where it lies beside or below it. */
function near(file: string, path: string): string {
  const way = relative(dirname(file), path);
  return way.startsWith("..") ? path : way;
}
