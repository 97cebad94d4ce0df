import { afterAll, beforeAll, expect, test } from "bun:test";
import { MatrixUser } from "./matrix-user.ts";
import { needs } from "./needs.ts";
import { findSynapse, Synapse } from "./synapse.ts";

const found = await findSynapse();

needs("a real Synapse", "lack" in found ? found.lack : undefined)("a real Synapse", () => {
  const synapse = new Synapse("python" in found ? found.python : "");
  beforeAll(() => synapse.start(), 30_000);
  afterAll(() => synapse[Symbol.asyncDispose]());

  test("registers people who have a token, and nobody else", async () => {
    const token = await synapse.makeRegistrationToken(1);
    const anna = await MatrixUser.register(synapse.url, "anna", token);
    expect(anna.userId).toBe(`@anna:${synapse.serverName}`);
    await expect(MatrixUser.register(synapse.url, "berta", token)).rejects.toThrow();
    await expect(MatrixUser.logIn(synapse.url, "anna")).resolves.toMatchObject({ userId: anna.userId });
  });

  test("carries messages between them, and keeps them when it is killed and started again", async () => {
    const token = await synapse.makeRegistrationToken();
    const carla = await MatrixUser.register(synapse.url, "carla", token);
    const dora = await MatrixUser.register(synapse.url, "dora", token);
    const room = await carla.createRoom({ invite: [dora.userId] });
    await dora.join(room);
    const eventId = await carla.say(room, "good morning");
    expect(await dora.waitFor((event) => event.content.body === "good morning")).toMatchObject({
      eventId,
      roomId: room,
    });

    await synapse.kill();
    await synapse.start();
    await dora.say(room, "still there");
    await carla.waitFor((event) => event.content.body === "still there");
    const said = (await carla.history(room)).filter((event) => event.type === "m.room.message");
    expect(said.map((event) => event.content.body)).toEqual(["good morning", "still there"]);
  });
});
