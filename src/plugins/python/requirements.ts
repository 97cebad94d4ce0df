/** What Python plugins stand on, pinned: mautrix and what it needs here. */
export const mautrix = { name: "mautrix", version: "0.21.1" } as const;

/** What else `roost plugin python` installs: what most plugins written for maubot import. */
export const commonRequirements: readonly string[] = [
  "aiohttp==3.14.5",
  "aiosqlite==0.22.1",
  "asyncpg==0.32.0",
  "attrs==26.1.0",
  "commonmark==0.9.2",
  "feedparser==6.0.14",
  "Jinja2==3.1.6",
  "packaging==26.4",
  "pillow==13.0.0",
  // For mautrix.crypto.attachments, as is unpaddedbase64.
  "pycryptodome==4.4.0",
  "python-dateutil==2.9.0.post0",
  "pytz==2026.6",
  "requests==2.34.2",
  "ruamel.yaml==0.18.17",
  // Plugin databases of maubot's older kind are written for the API of 1.3.
  "SQLAlchemy==1.3.24",
  "unpaddedbase64==2.1.0",
  "yarl==1.25.1",
];
