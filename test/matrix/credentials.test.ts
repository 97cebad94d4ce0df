import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RoostError } from "../../src/core/error.ts";
import { Secret } from "../../src/core/secret.ts";
import { CredentialsFile, generateDeviceId, generatePassword } from "../../src/matrix/credentials.ts";
import { user } from "./bench.ts";

const self = user("@bot/../x:x.test");
let root = "";
let folder = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "roost-credentials-"));
  folder = join(root, "credentials");
});
afterEach(() => rm(root, { recursive: true, force: true }));

const credentials = {
  userId: self,
  homeserverUrl: "http://h",
  deviceId: "D",
  accessToken: new Secret("t"),
  password: undefined,
};

describe("credentials", () => {
  test("that are not there yet are none", async () => {
    expect(await new CredentialsFile(folder, self).read()).toBeUndefined();
  });

  test("come back as they were written, in a file of our own alone", async () => {
    const file = new CredentialsFile(folder, self);
    await file.write(credentials);
    await file.write({ ...credentials, password: new Secret("p") });
    const read = await file.read();
    expect(read?.accessToken?.reveal()).toBe("t");
    expect(read?.password?.reveal()).toBe("p");
    expect(read).toMatchObject({ userId: self, homeserverUrl: "http://h", deviceId: "D" });
    expect(await readdir(folder)).toEqual([`${encodeURIComponent(self)}.json`]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, `${encodeURIComponent(self)}.json`))).mode & 0o777).toBe(0o600);
  });

  test("that were cut off while being written do not stand in the way", async () => {
    await mkdir(folder);
    await writeFile(join(folder, `${encodeURIComponent(self)}.json.new`), "half", { mode: 0o644 });
    const file = new CredentialsFile(folder, self);
    await file.write(credentials);
    expect((await stat(join(folder, `${encodeURIComponent(self)}.json`))).mode & 0o777).toBe(0o600);
    expect(await file.read()).toMatchObject({ deviceId: "D" });
  });

  test("of another account or that are damaged are refused with what to do", async () => {
    await mkdir(folder);
    const path = join(folder, `${encodeURIComponent(self)}.json`);
    for (const text of ["", "{", "[]", JSON.stringify({ ...credentials, userId: "@eve:x.test" })]) {
      await writeFile(path, text);
      const failure = await new CredentialsFile(folder, self).read().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RoostError);
      expect(failure).toMatchObject({ code: "config-invalid", message: expect.stringContaining("damaged") });
    }
  });

  test("that cannot be written say so", async () => {
    await writeFile(folder, "a file where the folder should be");
    const failure = await new CredentialsFile(folder, self)
      .write(credentials)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "internal",
      message: expect.stringContaining("cannot be written"),
    });
  });

  test("close a folder that was open to others", async () => {
    await mkdir(folder);
    await chmod(folder, 0o755);
    await new CredentialsFile(folder, self).write(credentials);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });
});

test("passwords and device ids are made up anew each time", () => {
  expect(generatePassword().reveal()).not.toBe(generatePassword().reveal());
  expect(generatePassword().reveal().length).toBeGreaterThan(32);
  expect(generateDeviceId()).toMatch(/^ROOST[0-9A-F]{10}$/);
});
