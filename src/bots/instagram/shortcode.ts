const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The shortcode of a media id: the number written in base 64. Ids exceed 2^53, so they stay strings and BigInt. */
export function shortcodeOf(mediaId: string): string {
  let code = "";
  for (let rest = BigInt(mediaId); rest > 0n; rest /= 64n) code = alphabet[Number(rest % 64n)] + code;
  return code;
}

/** The media id of a shortcode; what a followers-only link carries beyond it is a key. */
export function mediaIdOf(shortcode: string): string {
  const code = shortcode.length > 28 ? shortcode.slice(0, -28) : shortcode.slice(0, 11);
  return [...code].reduce((id, char) => id * 64n + BigInt(alphabet.indexOf(char)), 0n).toString();
}
