import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { root } from '../packaging/packed-package';
import { docs, readPages, sectionsOf } from './pages';

const pages = readPages();

/** The anchor of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  const text = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '');
  return text.trim().replace(/\s/g, '-');
}

function brokenLinksOf(file: string): string[] {
  const text = readFileSync(file, 'utf8').replace(/^ *```[\s\S]*?^ *```$/gm, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path = '', anchor] = target.split('#');
    const linked = path === '' ? file : resolve(dirname(file), path);
    if (!existsSync(linked)) return true;
    if (anchor === undefined) return false;
    return !sectionsOf(readFileSync(linked, 'utf8')).some(({ heading }) => anchorOf(heading) === anchor);
  });
}

const files = [
  ...pages.map(({ name }) => `docs/${name}.md`),
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'example-project/README.md'],
];

it.each(files)('the links in %s lead somewhere', (file) => {
  expect(brokenLinksOf(join(root, file))).toEqual([]);
});

it('the index names every page', () => {
  const index = readFileSync(join(docs, 'README.md'), 'utf8');
  const names = pages.map(({ name }) => name).filter((name) => name !== 'README');
  expect(names.filter((name) => !index.includes(`](${name}.md)`))).toEqual([]);
});

it.each(pages)('no code of docs/$name.md is out of sight of the tests', ({ text, blocks }) => {
  expect(text.match(/^\s*```\w/gm) ?? []).toHaveLength(blocks.length);
});

it('docs/settings.md says what the doc comments of the settings say', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/settings-docs.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

/** What the guide owes its readers, and words that the section must have which claims to say it. */
const promises: readonly (readonly [id: string, promise: string, words: RegExp])[] = [
  ['S-012', 'where permissions are configured', /\(permissions\.md\)/],
  ['S-013', 'what authentication is for', /who makes a request[\s\S]*permissions[\s\S]*protect/],
  [
    'S-041',
    'that a server in front may drop Authorization, and how to see it',
    /Authorization[\s\S]*WSGIPassAuthorization/,
  ],
  ['S-042', 'that this concerns every scheme but sessions', /[Ee]very scheme but sessions/],
  ['S-045', 'that Basic is for tests', /for tests[\s\S]*seldom for production/],
  ['S-048', 'that Basic needs TLS', /TLS only \(https\)/],
  ['S-049', 'that clients ask for the password and do not store it', /ask [\s\S]*instead of storing/],
  ['S-050', 'the names that classes had in drafts', /UserBasicAuthentication/],
  ['S-056', 'that there is one set of migrations', /one set of migrations|BasicToken/],
  ['S-058', 'that tables come before the first user', /migrate[\s\S]*createsuperuser/],
  ['S-069', 'that tokens need TLS', /needs TLS \(https\)/],
  ['S-075', 'how a token is called back', /Deleting the row/],
  ['S-078', 'where a subscriber is registered', /listed where MikroORM\s+is set up/],
  ['S-089', "that Django's admin serves the table, and how with many users", /raw_id_fields/],
  ['S-093', 'since when DRF has the command', /since 3\.6\.4/],
  ['S-095', 'whom sessions are for', /scripts of\s+your own pages/],
  ['S-103', 'whom sessions do not suit', /doesn't suit phones/],
  ['S-109', 'how web servers are set up to name users', /proxy_set_header|Deployment/],
  ['S-130', 'that there were several packages for OAuth 2', /django-oauth2-provider/],
  ['S-137', 'what JWT costs and gives', /without a query[\s\S]*refresh tokens/],
  ['S-147', 'how the schemes compare', /\| scheme \| for \| good \| bad \|/],
  ['S-148', 'that a scheme of your own must be tested well', /test it well/],
  ['S-149', 'that production needs https', /everything over TLS \(https\)/],
  ['K-046', 'that the start of a token has its prefix in it', /begin with the prefix/],
  ['K-109', 'that the start of a token stands in clear', /first 15 characters[\s\S]*in clear/],
  ['S-150', 'that Basic has no place there', /Leave Basic to tests/],
  ['S-151', 'that tokens are replaced', /Replace tokens/],
];

/** The ids that a section names in its comment. */
function idsOf(text: string): string[] {
  return [...text.matchAll(/<!-- ((?:[A-Z]+-\d{3} ?)+)-->/g)].flatMap(([, ids = '']) => ids.trim().split(' '));
}

describe('the guide says', () => {
  const sections = pages.flatMap(({ text }) => sectionsOf(text));

  it.each(promises)('%s: %s', (id, _promise, words) => {
    const claiming = sections.filter(({ text }) => idsOf(text).includes(id));
    expect(claiming).not.toEqual([]);
    for (const { text } of claiming) expect(text).toMatch(words);
  });
});
