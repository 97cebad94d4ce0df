/** The files of a fresh plugin, by path. `module` names its source, `id` the plugin. */
export function templateOf(id: string, module: string): Readonly<Record<string, string>> {
  return {
    "maubot.yaml": manifest(id, module),
    [`${module}.ts`]: source,
    [`${module}.test.ts`]: test(module),
    "tsconfig.json": tsconfig,
    ".gitignore": "*.mbp\nnode_modules/\n",
  };
}

const manifest = (
  id: string,
  module: string,
) => `# What hosts of plugins read first. The settings' form comes from the schema in ${module}.ts.
id: ${id}
version: 0.1.0
license: MIT
modules: [${module}]
main_class: default
database: true
roost:
  runtime: typescript
  # Hosts that bot.fetch may reach, such as [api.example.org]: the admin agrees to them at upload.
  permissions: { network: false }
`;

const source = `import { definePlugin, rest, z } from "roost";

export default definePlugin({
  config: z.strictObject({
    greeting: z.string().default("Hello").describe("How it greets"),
  }),
  answersTo: (prefix) => [\`\${prefix}hello\`],
  setup(bot) {
    bot.command("hello", {
      help: "Greets you, or whom you name",
      args: { name: rest(z.string().optional()) },
      async run(message, { name = message.sender }) {
        await message.reply(\`\${bot.config.greeting}, \${name}!\`);
      },
    });
  },
});
`;

const test = (module: string) => `import { expect, test } from "bun:test";
import { TestBot } from "roost/testing";
import plugin from "./${module}.ts";

test("greets whom it is told to", async () => {
  const bot = await TestBot.start(plugin, { config: { greeting: "Good morning" } });
  await bot.post("!hello Ada");
  expect(bot.replies).toEqual(["Good morning, Ada!"]);
});
`;

/** For editors and tests alone; a host does not read it. */
const tsconfig = `{
  "compilerOptions": {
    "target": "ESNext",
    "module": "Preserve",
    "moduleResolution": "bundler",
    "lib": ["ESNext", "DOM", "DOM.AsyncIterable"],
    "types": [],
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "allowImportingTsExtensions": true,
    "noEmit": true,
    "skipLibCheck": true,
    "paths": { "roost": ["./roost/index"], "roost/*": ["./roost/*"] }
  },
  "include": ["**/*.ts", "roost/bun/*.d.ts"]
}
`;
