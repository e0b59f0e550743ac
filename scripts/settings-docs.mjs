// node scripts/settings-docs.mjs [--check]
// Writes docs/settings.md from the doc comments of the settings; with --check only says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { root } from './run.mjs';

const page = `${root}docs/settings.md`;

const chapters = [
  {
    heading: 'The core',
    text: 'Arguments of `defineSettings({ … })`. Fields that end in `Classes` are lists of classes; a view overrides them.',
    file: 'src/core/settings.ts',
    type: 'CoreSettings',
  },
  {
    heading: 'Tokens',
    text: 'Arguments of `authtoken({ … })`, for [TokenAuthentication](authentication.md#tokenauthentication).',
    file: 'src/auth/token/settings.ts',
    type: 'AuthTokenSettings',
  },
  {
    heading: 'Sessions',
    text: 'Arguments of `session({ … })`, for [SessionAuthentication](authentication.md#sessionauthentication); Django names them `SESSION_…`.',
    file: 'src/auth/session/settings.ts',
    type: 'SessionSettings',
  },
  {
    heading: 'CSRF',
    text: 'Arguments of `csrf({ … })`, the protection of sessions; Django names them `CSRF_…`.',
    file: 'src/auth/session/settings.ts',
    type: 'CsrfSettings',
  },
  {
    heading: 'JSON Web Tokens',
    text: 'Arguments of `jwt({ … })` from `sallyport/jwt`, for [JWTAuthentication](jwt.md). Times are in seconds.',
    file: 'src/auth/jwt/settings.ts',
    type: 'JWTSettings',
  },
  {
    heading: 'Tokens in cookies',
    text: 'Arguments of `jwtCookies({ … })` from `sallyport/jwt`, for [JWTCookieAuthentication](jwt.md#tokens-in-cookies) and the views of tokens.',
    file: 'src/auth/jwt/cookies/settings.ts',
    type: 'JWTCookieSettings',
  },
  {
    heading: 'Bound tokens',
    text: 'Arguments of `dpop({ … })` from `sallyport/jwt`, for [DPoPAuthentication](jwt.md#tokens-that-are-bound-to-a-key). Times are in seconds.',
    file: 'src/auth/jwt/dpop/settings.ts',
    type: 'DPoPSettings',
  },
  {
    heading: 'Knox',
    text: 'Arguments of `knox({ … })` from `sallyport/knox`, for [tokens of each client](knox.md).',
    file: 'src/auth/knox/settings.ts',
    type: 'KnoxSettings',
  },
  {
    heading: 'API keys',
    text: 'Arguments of `apiKey({ … })` from `sallyport/api-key`, for [API keys](api-keys.md).',
    file: 'src/auth/api-key/settings.ts',
    type: 'APIKeySettings',
  },
  {
    heading: 'djangorestframework-jwt',
    text: 'Arguments of `jwtLegacy({ … })` from `sallyport/jwt-legacy`, for [tokens of the older package](jwt-legacy.md). Times are in seconds.',
    file: 'src/auth/jwt-legacy/settings.ts',
    type: 'JWTLegacySettings',
  },
];

const introduction = `# Settings

<!-- Made by scripts/settings-docs.mjs from the doc comments in src/. Change those. -->

Settings are one value, which the base view of an app holds. What a scheme needs is added behind the options of the core:

\`\`\`ts
import { APIView, authtoken, defineSettings, IsAuthenticated, TokenAuthentication } from 'sallyport';
import { MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';

export abstract class AppView extends APIView {
  static override settings = defineSettings(
    {
      defaultAuthenticationClasses: [TokenAuthentication],
      defaultPermissionClasses: [IsAuthenticated],
      users: new MemoryUserStore(),
    },
    authtoken({ store: new MemoryTokenStore() }),
  );
}
\`\`\`

- The value is frozen, and nothing reads the environment or a file. Two apps in one process have two values.
- A name that nobody knows is an error that lists those there are. A class list that is \`undefined\`, as in a circle of imports, is one too.
- \`extendSettings(AppView.settings, { … })\` makes a changed copy; \`View.asView({ settings })\` uses other ones for a single route.
- Names are those of Django REST framework in camelCase: \`DEFAULT_THROTTLE_RATES\` is \`defaultThrottleRates\`.
`;

/** The fields of an interface in their order, with what their comments say. */
function fieldsOf({ file, type }) {
  const source = ts.createSourceFile(file, readFileSync(root + file, 'utf8'), ts.ScriptTarget.Latest, true);
  const declaration = source.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === type);
  return declaration.members.map((member) => {
    const [comment] = ts.getJSDocCommentsAndTags(member);
    const text = oneLine(ts.getTextOfJSDocComment(comment?.comment));
    if (text === '') throw new Error(`${file}: the doc comment of ${member.name.text} says no word.`);
    const tag = comment?.tags?.find(({ tagName }) => tagName.text === 'default');
    return {
      name: member.name.text,
      type: oneLine(member.type.getText()),
      text,
      value: tag === undefined ? 'required' : oneLine(ts.getTextOfJSDocComment(tag.comment)),
    };
  });
}

function oneLine(text = '') {
  return text.replace(/\s+/g, ' ').trim();
}

/** A default is code, or code and words behind a comma, or words alone: `'/'`, `1_209_600, two weeks`, `the system's`. */
function markCode(value) {
  return value.replace(/^(?!required$)(?:\[.*?\]|\{.*?\}|'[^']*'|[\w.]+)(?=$|, )/, '`$&`');
}

function tableOf(chapter) {
  const cells = fieldsOf(chapter).map(({ name, type, text, value }) => [
    `\`${name}\``,
    text,
    `\`${type}\``,
    markCode(value),
  ]);
  const rows = cells.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return ['| name | meaning | type | default |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

const text = [
  introduction,
  ...chapters.map((chapter) => `## ${chapter.heading}\n\n${chapter.text}\n\n${tableOf(chapter)}\n`),
].join('\n');

if (!process.argv.includes('--check')) writeFileSync(page, text);
else if (readFileSync(page, 'utf8') !== text) {
  console.error('docs/settings.md is out of date: node scripts/settings-docs.mjs');
  process.exitCode = 1;
}
