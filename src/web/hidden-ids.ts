/**
 * Anything that looks like a Matrix id, also percent-encoded: `@user:server`, `!room:server`, `#alias:server`, version 12 room
 * ids (a bare hash) and event ids. Generous on purpose: a word too many hidden is better than a room named.
 */
const matrixIds =
  /(?:[@!#]|%40|%21|%23)(?:(?!%3A)[^\s:]){0,255}(?::|%3A)[\w.:[\]-]*[\w\]]|!(?=[\w-]{20})[\w-]+|\$[\w-]{20,}(?::[\w.:[\]-]*[\w\]])?/gi;

/** The text with every Matrix id replaced by "(hidden)", for answers that anybody on the machine may read. */
export function hideIds(text: string): string {
  return text.replace(matrixIds, "(hidden)");
}
