import { resolve } from "node:path";

const prefix = "$CREDENTIALS_DIRECTORY/";

/**
 * The file that `{ file: NAME }` means. `$CREDENTIALS_DIRECTORY/NAME` is what the service manager hands to the unit
 * (systemd.exec(5), LoadCredential=): a copy made when the unit starts, that only this process can read.
 */
export function secretFileOf(
  name: string,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly file: string } | { readonly missing: string } {
  if (!name.startsWith(prefix)) return { file: resolve(folder, name) };
  const credential = name.slice(prefix.length);
  if (env.CREDENTIALS_DIRECTORY) return { file: resolve(env.CREDENTIALS_DIRECTORY, credential) };
  return {
    missing: `the credential ${credential} is there only within the unit: give it by LoadCredential=, or leave secrets out with roost check --no-secrets`,
  };
}
