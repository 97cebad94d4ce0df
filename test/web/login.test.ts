import { beforeAll, describe, expect, test } from "bun:test";
import type { RoostError } from "../../src/core/error.ts";
import { Secret } from "../../src/core/secret.ts";
import { Login } from "../../src/web/login.ts";
import { refusalOf } from "../doubles/delivery.ts";

const password = "correct horse battery";
let passwordHash = new Secret("");

beforeAll(async () => {
  const hash = await Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 });
  passwordHash = new Secret(hash);
});

function createLogin(firstDelayMs = 1): Login {
  return new Login({ account: () => ({ username: new Secret("admin"), passwordHash }), firstDelayMs });
}

describe("a login", () => {
  test("succeeds with the right name and password", async () => {
    expect(await createLogin().verify("admin", password)).toBe("admin");
  });

  test("is refused in the same words for a wrong name and a wrong password", async () => {
    const login = createLogin();
    const refusals = [
      await refusalOf(login.verify("root", password)),
      await refusalOf(login.verify("admin", "wrong")),
      await refusalOf(login.verify("", "")),
      await refusalOf(login.verify("admin", "x".repeat(100_000))),
    ];
    for (const { code, message } of refusals as RoostError[]) {
      expect([code, message]).toEqual(["unauthorized", "User name or password are wrong."]);
    }
  });

  test("without a configured account says what to write into the config", async () => {
    const login = new Login({ account: () => undefined });
    expect(login.isPossible).toBe(false);
    const refusal = await refusalOf(login.verify("admin", password));
    expect((refusal as RoostError).message).toContain("roost hash-password");
  });

  test("with the right password waits for no wrong one that is held back", async () => {
    const login = createLogin(60_000);
    const wrong = login.verify("admin", "wrong").catch(() => {});
    expect(await login.verify("admin", password)).toBe("admin");
    expect(await Promise.race([wrong, "still held back"])).toBe("still held back");
  });

  test("beyond a queue of 40 is told to come again", async () => {
    const login = createLogin();
    const crowd = Array.from({ length: 40 }, () => login.verify("admin", password));
    expect(await refusalOf(login.verify("admin", password))).toMatchObject({ code: "rate-limited" });
    await Promise.all(crowd);
    expect(await login.verify("admin", password)).toBe("admin");
  });

  test("tells by its fingerprint that the password was changed", async () => {
    const other = new Secret(await Bun.password.hash("another password"));
    const changed = new Login({ account: () => ({ username: new Secret("admin"), passwordHash: other }) });
    expect(changed.fingerprint()).not.toBe(createLogin().fingerprint());
    expect(createLogin().fingerprint()).toBe(createLogin().fingerprint());
  });
});
