import { expect, test } from "bun:test";
import { mediaIdOf, shortcodeOf } from "../../../src/bots/instagram/shortcode.ts";

test("a shortcode spells its media id in base 64, beyond what a Number holds", () => {
  expect(mediaIdOf("DdG4RIxIPyf")).toBe("3983118388705688735");
  expect(shortcodeOf("3983118388705688735")).toBe("DdG4RIxIPyf");
  for (const code of ["aye83DjauH", "BQ0eAlwhDrw", "-Cmh1cukG2"])
    expect(shortcodeOf(mediaIdOf(code))).toBe(code);
});

test("the key at the end of a followers-only link is not part of the id", () => {
  expect(mediaIdOf(`DdG4RIxIPyf${"k".repeat(28)}`)).toBe("3983118388705688735");
});
