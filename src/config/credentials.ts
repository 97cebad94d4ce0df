import { existsSync } from "node:fs";
import { resolve } from "node:path";

const prefix = "$CREDENTIALS_DIRECTORY/";
/** Where systemd keeps them while the unit runs: root can look there from outside, as `roost doctor` does. */
const unitFolder = "/run/credentials/roost.service";

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
  const ofUnit = resolve(unitFolder, credential);
  if (existsSync(ofUnit)) return { file: ofUnit };
  return {
    missing: `the credential ${credential} is there only within the unit, and for root while it runs: give it by LoadCredential=, or leave secrets out with roost check --no-secrets`,
  };
}
