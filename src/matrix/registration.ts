import { RoostError } from "../core/error.ts";
import type { UserId } from "../core/id.ts";
import { type JsonObject, stringAt } from "../core/json.ts";
import type { Secret, SecretValue } from "../core/secret.ts";
import { arrayAt } from "./event.ts";
import { HomeserverError, printable } from "./homeserver-error.ts";
import type { Http } from "./http.ts";

export interface RegistrationOptions {
  readonly http: Http;
  readonly userId: UserId;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly password: Secret;
  readonly token: SecretValue | undefined;
  readonly signal: AbortSignal;
}

const tokenStage = "m.login.registration_token";
const register = "/_matrix/client/v3/register";
/** More than any homeserver has stages; a homeserver that keeps forgetting the session is given up after these. */
const maxSteps = 12;
const maxSessions = 3;

/**
 * Registers the account, through whatever stages in whatever order the homeserver asks for, and answers what it said. Nothing
 * is done that could use up a token in vain: the name and the token are asked about first.
 */
export async function registerAccount(options: RegistrationOptions): Promise<unknown> {
  await requireFreeName(options);
  let stages = await attempt(options, undefined);
  let tried: string | undefined;
  for (let step = 0, sessions = 1; step < maxSteps; step++) {
    if (!(stages instanceof Stages)) return stages;
    const stage = stages.next(options.token !== undefined);
    if (stage === tried && stages.isRefusal) throw refusedStage(stage);
    if (stage === tokenStage) await requireValidToken(options);
    const answer = await attempt(options, {
      type: stage,
      session: stages.session,
      ...proof(stage, options.token),
    });
    const isLost = answer === "session lost" || (answer instanceof Stages && answer.isOtherThan(stages));
    if (isLost && ++sessions > maxSessions) break;
    tried = isLost ? undefined : stage;
    stages = answer === "session lost" ? await attempt(options, undefined) : answer;
  }
  throw new RoostError(
    "homeserver-busy",
    "The homeserver lost the registration's session again and again: see whether several servers stand behind one address. Roost tries again.",
  );
}

/** What the homeserver still asks for before it registers anybody (the Matrix spec's user-interactive authentication). */
class Stages {
  readonly session: string | undefined;
  /** It says no to the stage just tried, instead of only asking for the next. */
  readonly isRefusal: boolean;
  readonly #flows: readonly (readonly string[])[];
  readonly #completed: ReadonlySet<unknown>;

  constructor(body: JsonObject) {
    this.session = stringAt(body, "session");
    this.isRefusal = stringAt(body, "errcode") !== undefined;
    this.#completed = new Set(arrayAt(body, "completed"));
    this.#flows = arrayAt(body, "flows").map((flow) =>
      arrayAt(flow, "stages").filter((stage) => typeof stage === "string"),
    );
  }

  /** Whether the homeserver forgot the session of `earlier` and began another instead of refusing the stage. */
  isOtherThan(earlier: Stages): boolean {
    return this.session !== earlier.session && !this.isRefusal;
  }

  /** The next stage of the first flow that a bot can walk. Throws `registration-closed` or `secret-missing` if there is none. */
  next(hasToken: boolean): string {
    const known = new Set(["m.login.dummy", "m.login.terms", ...(hasToken ? [tokenStage] : [])]);
    const flow = this.#flows.find((stages) => stages.every((stage) => known.has(stage)));
    if (flow !== undefined) return flow.find((stage) => !this.#completed.has(stage)) ?? "m.login.dummy";
    const foreign = new Set(this.#flows.flat().filter((stage) => !known.has(stage)));
    if (foreign.has(tokenStage)) {
      throw new RoostError(
        "secret-missing",
        "The homeserver asks for a registration token: write homeserver.registration_token, or give the account a password or access_token.",
      );
    }
    throw new RoostError(
      "registration-closed",
      `The homeserver asks for ${printable([...foreign].join(", ") || "nothing a bot knows")} at registration, which a bot cannot give: make the account by hand and give its password.`,
    );
  }
}

async function attempt(
  { http, userId, deviceId, deviceName, password, signal }: RegistrationOptions,
  auth: JsonObject | undefined,
): Promise<unknown> {
  const body = {
    username: localpartOf(userId),
    password: password.reveal(),
    device_id: deviceId,
    initial_device_display_name: deviceName,
    inhibit_login: false,
    ...(auth === undefined ? {} : { auth }),
  };
  try {
    return await http.request({
      method: "POST",
      path: register,
      anonymous: true,
      body,
      timeoutMs: 60_000,
      signals: [signal],
    });
  } catch (error) {
    if (!(error instanceof HomeserverError)) throw error;
    if (error.status === 401 && Array.isArray(error.body.flows)) return new Stages(error.body);
    if (auth !== undefined && isLostSession(error)) return "session lost";
    throw refusal(error);
  }
}

/** Synapse: 400 M_UNKNOWN; conduwuit and its kin: 400 M_INVALID_PARAM; others: a 401 or 404 that names no stages. */
function isLostSession({ status, errcode }: HomeserverError): boolean {
  return (
    (status === 400 || status === 401 || status === 404) &&
    ["M_UNKNOWN", "M_INVALID_PARAM", "M_NOT_FOUND", "M_UNAUTHORIZED"].includes(errcode)
  );
}

function proof(stage: string, token: SecretValue | undefined): JsonObject {
  if (stage !== tokenStage || token === undefined) return {};
  if ("missing" in token) throw new RoostError("secret-missing", token.missing);
  return { token: token.secret.reveal() };
}

/**
 * Throws `user-id-taken` or `config-invalid` for a name that cannot be registered. The homeserver counts a token as used before it
 * looks at the name, so a taken name would burn it.
 */
export async function requireFreeName({
  http,
  userId,
  signal,
}: Pick<RegistrationOptions, "http" | "userId" | "signal">): Promise<void> {
  const name = localpartOf(userId);
  if (!/^[a-z0-9._=/+-]+$/.test(name)) throw invalidName();
  const path = `${register}/available?username=${encodeURIComponent(name)}`;
  await http
    .request({ method: "GET", path, anonymous: true, timeoutMs: 30_000, signals: [signal] })
    .catch((error) => {
      // Not every homeserver has the route.
      if (!(error instanceof HomeserverError) || error.code === "homeserver-unreachable") throw error;
      if (
        error.errcode !== "M_UNRECOGNIZED" &&
        error.errcode !== "M_NOT_FOUND" &&
        error.code !== "homeserver-busy"
      ) {
        throw refusal(error);
      }
    });
}

/** Throws `registration-token-wrong` where the homeserver says so; one that has no such question says nothing. */
export async function requireValidToken({
  http,
  token,
  signal,
}: Pick<RegistrationOptions, "http" | "token" | "signal">): Promise<void> {
  if (token === undefined || "missing" in token) return;
  const path = `/_matrix/client/v1/register/${tokenStage}/validity?token=${encodeURIComponent(token.secret.reveal())}`;
  const answer = await http
    .request({ method: "GET", path, anonymous: true, timeoutMs: 30_000, signals: [signal] })
    .catch((error: unknown) => {
      // The route is a courtesy: without it the registration itself tells.
      if (error instanceof HomeserverError) return undefined;
      throw error;
    });
  if (typeof answer === "object" && answer !== null && "valid" in answer && answer.valid === false)
    throw wrongToken();
}

function refusedStage(stage: string): RoostError {
  if (stage === tokenStage) return wrongToken();
  return new RoostError(
    "registration-closed",
    `The homeserver did not accept the registration's stage ${printable(stage)}: make the account by hand and give its password.`,
  );
}

function refusal(error: HomeserverError): RoostError {
  switch (error.errcode) {
    case "M_USER_IN_USE":
    case "M_EXCLUSIVE":
      return new RoostError(
        "user-id-taken",
        "The account's name is already taken on the homeserver: give its password under accounts, or choose another name.",
        { cause: error },
      );
    case "M_INVALID_USERNAME":
      return invalidName(error);
    case "M_FORBIDDEN":
    case "M_UNRECOGNIZED":
      return new RoostError(
        "registration-closed",
        "The homeserver's registration is closed: open it for registration tokens, or make the account by hand and give its password.",
        { cause: error },
      );
    default:
      return error;
  }
}

function wrongToken(): RoostError {
  return new RoostError(
    "registration-token-wrong",
    "The homeserver does not accept the registration token (wrong, expired or used up): write a valid one as homeserver.registration_token.",
  );
}
function invalidName(cause?: unknown): RoostError {
  return new RoostError(
    "config-invalid",
    "The homeserver cannot register the account under this name: use lower-case letters, digits, and . _ = - / + only.",
    { cause },
  );
}
export function localpartOf(userId: UserId): string {
  return userId.slice(1, userId.indexOf(":"));
}
