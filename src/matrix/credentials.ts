import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "../core/error.ts";
import type { UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import { Secret } from "../core/secret.ts";

/** What an account keeps between starts, so that it stays one device and is registered once. */
export interface Credentials {
  readonly userId: UserId;
  readonly homeserverUrl: string;
  readonly deviceId: string;
  /** Undefined until the first login or registration has been answered. */
  readonly accessToken: Secret | undefined;
  /** The one made up at registration; a configured password is not written down. */
  readonly password: Secret | undefined;
}

/** One account's credentials on disk: mode 0600, replaced as a whole, on the disk before `write` returns. */
export class CredentialsFile {
  readonly #folder: string;
  readonly #userId: UserId;
  /** Where it lies. */
  readonly path: string;

  constructor(folder: string, userId: UserId) {
    this.#folder = folder;
    this.#userId = userId;
    this.path = join(folder, fileNameOf(userId));
  }

  /** Undefined if there is none yet. Throws RoostError `config-invalid` for one that is not ours, `internal` if unreadable. */
  async read(): Promise<Credentials | undefined> {
    let text: string;
    try {
      text = await readFile(this.path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw this.#failure("read", error);
    }
    const credentials = parse(text);
    if (credentials?.userId === this.#userId) return { ...credentials, userId: this.#userId };
    throw new RoostError(
      "config-invalid",
      "The account's credentials file is damaged: restore it from a backup, or remove it and give the account's password.",
      { cause: new Error(this.path) },
    );
  }

  async write(credentials: Credentials): Promise<void> {
    const { userId, homeserverUrl, deviceId, accessToken, password } = credentials;
    const kept = {
      userId,
      homeserverUrl,
      deviceId,
      accessToken: accessToken?.reveal(),
      password: password?.reveal(),
    };
    const temporary = `${this.path}.new`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await chmod(this.#folder, 0o700);
      await rm(temporary, { force: true });
      await writeSynced(temporary, JSON.stringify(kept, undefined, 2));
      await rename(temporary, this.path);
      await syncFolder(this.#folder);
    } catch (error) {
      throw this.#failure("written", error);
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  #failure(what: string, error: unknown): RoostError {
    return new RoostError(
      "internal",
      `The account's credentials file cannot be ${what}: see that the data folder belongs to Roost's user and that its disk is not full.`,
      { cause: error },
    );
  }
}

/** 192 random bits, and every kind of character that a server's password policy may ask for. */
export function generatePassword(): Secret {
  return new Secret(`${randomBytes(24).toString("base64url")}-aA1`);
}
export function generateDeviceId(): string {
  return `ROOST${randomBytes(5).toString("hex").toUpperCase()}`;
}

function parse(text: string): (Omit<Credentials, "userId"> & { userId: string }) | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const userId = stringAt(value, "userId");
  const homeserverUrl = stringAt(value, "homeserverUrl");
  const deviceId = stringAt(value, "deviceId");
  if (userId === undefined || homeserverUrl === undefined || deviceId === undefined) return undefined;
  const secretAt = (key: string) => {
    const found = stringAt(value, key);
    return found === undefined ? undefined : new Secret(found);
  };
  return {
    userId,
    homeserverUrl,
    deviceId,
    accessToken: secretAt("accessToken"),
    password: secretAt("password"),
  };
}

/** Whether an account was registered or logged in before, so that its definition needs neither password nor token. */
export function hasLoggedIn(dataDir: string, userId: UserId): boolean {
  return existsSync(join(dataDir, "credentials", fileNameOf(userId)));
}

function fileNameOf(userId: UserId): string {
  return `${encodeURIComponent(userId)}.json`;
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
