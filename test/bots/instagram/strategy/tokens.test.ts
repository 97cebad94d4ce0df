import { expect, test } from "bun:test";
import { readTokens } from "../../../../src/bots/instagram/strategy/tokens.ts";

const lsd = '<script type="application/json" id="__eqmc" nonce="n">{"u":"/a","l":"AVtoken-1_x"}</script>';
const query = "PolarisLoggedOutDesktopWWWPostRootContentQuery";

test("the tokens of a page are read, and the visitor's cookies without their attributes", () => {
  const headers = new Headers();
  headers.append("Set-Cookie", "csrftoken=abc123; Path=/; Secure");
  headers.append("Set-Cookie", "mid=xyz; Domain=.instagram.com");
  headers.append("Set-Cookie", "bad name=1");
  expect(readTokens(lsd, headers)).toEqual({
    lsd: "AVtoken-1_x",
    cookies: "csrftoken=abc123; mid=xyz",
    csrfToken: "abc123",
  });
});

test("older pages name the tokens in their scripts", () => {
  const page = '{"csrf_token":"fromThePage"} ["LSD",[],{"token":"AVpkoQVhvlQ"},323]';
  expect(readTokens(page, new Headers())).toMatchObject({ lsd: "AVpkoQVhvlQ", csrfToken: "fromThePage" });
  expect(readTokens("<html>", new Headers())).toBeUndefined();
});

test.each([
  [
    "before",
    `{"queryID":"11111","queryName":"Other"},{"queryID":"22222","variables":{"a":{}},"queryName":"${query}"}`,
  ],
  [
    "after",
    `{"queryName":"Other","queryID":"11111"},{"queryName":"${query}","variables":{},"queryID":"22222"}`,
  ],
])("the number of the post's query is read where it stands %s its name", (_, preloaders) => {
  expect(readTokens(`${lsd}{"expectedPreloaders":[${preloaders}]}`, new Headers())?.postDocId).toBe("22222");
});

test("a page that only names the query tells no number", () => {
  const other = `{"queryID":"11111","queryName":"Other"}, ["adp_${query}RelayPreloader", "${query}"]`;
  expect(readTokens(`${lsd}${other}`, new Headers())?.postDocId).toBeUndefined();
});
