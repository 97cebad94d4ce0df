import { expect, test } from "bun:test";
import type { Picture } from "../../../src/bots/instagram/picture.ts";
import type { Post, Profile } from "../../../src/bots/instagram/post.ts";
import { renderPost, renderProfile } from "../../../src/bots/instagram/render.ts";
import { asMxcUri } from "../../../src/core/id.ts";

const mxc = asMxcUri("mxc://test.example/a");
if (mxc === undefined) throw new Error("The test made up an address of the wrong shape.");
const picture: Picture = {
  mxc,
  width: 10,
  height: 20,
  sizeBytes: 30,
  mimetype: "image/webp",
  extension: ".webp",
  thumbnail: { mxc, width: 5, height: 10, sizeBytes: 3 },
};
const post: Post = {
  shortcode: "AbC",
  kind: "image",
  username: "ada.l",
  caption: "A loom.",
  likes: 2,
  comments: null,
  takenAt: null,
  approximate: false,
  media: [{ kind: "image", url: "https://a.test/b", width: 10, height: 20 }],
};
const profile: Profile = {
  username: "ada.l",
  fullName: "",
  bio: "",
  followers: null,
  following: null,
  posts: null,
  verified: false,
  private: true,
  pictureUrl: null,
  links: [],
  recent: [],
};

test("a file's name ends as its type does, since clients go by the name", () => {
  expect(renderPost(post, [picture], 100)[0]).toMatchObject({
    filename: "ada.l-AbC.webp",
    info: { mimetype: "image/webp" },
  });
});

test("an unknown count is left out, a hidden like count is called hidden, a rounded one is about right", () => {
  const line = (change: Partial<Post>) => String(renderPost({ ...post, ...change }, [picture], 100)[0]?.body);
  expect(line({}).split("\n")).toContain("2 likes");
  expect(line({ likes: null, comments: 3 })).toContain("likes hidden · 3 comments");
  expect(line({ likes: 152_000, approximate: true })).toContain("about 152,000 likes");
});

test("a long caption is folded in both forms", () => {
  const content = renderPost({ ...post, caption: `${"word ".repeat(100)}end` }, [picture], 50)[0];
  expect(String(content?.body)).toContain("word…");
  expect(String(content?.body)).not.toContain("end");
  expect(String(content?.formatted_body)).toMatch(/<details><summary>more<\/summary>.*end<\/details>/);
});

test("the longest caption there can be fits into an event", () => {
  const content = renderPost({ ...post, caption: '<"&'.repeat(4000) }, [picture], 2200);
  expect(JSON.stringify(content).length).toBeLessThan(60_000);
});

test("a sensitive post is covered, words and picture", () => {
  const content = renderPost({ ...post, sensitive: true }, [picture], 100)[0];
  expect(content?.formatted_body).toContain('<span data-mx-spoiler="sensitive">A loom.</span>');
  expect(content?.["page.codeberg.everypizza.msc4193.spoiler"]).toBe(true);
  expect(content?.body).toContain("marked sensitive");
});

test("a post by nobody and without words still says what it is", () => {
  const content = renderPost({ ...post, username: null, caption: "" }, [picture], 100)[0];
  expect(content).toMatchObject({
    filename: "instagram-AbC.webp",
    body: "Somebody on Instagram\n2 likes\nhttps://www.instagram.com/p/AbC/",
  });
});

test("a private profile without a picture is text", () => {
  expect(renderProfile(profile, undefined)).toMatchObject({
    msgtype: "m.text",
    body: "ada.l on Instagram (private)\nhttps://www.instagram.com/ada.l/",
  });
});

test("a profile's own links cannot leave their attribute", () => {
  const content = renderProfile({ ...profile, links: ["https://a.test/?b='><script>"] }, picture);
  expect(content.formatted_body).not.toContain("<script>");
  expect(content.formatted_body).toContain("&#39;&gt;&lt;script&gt;");
});
