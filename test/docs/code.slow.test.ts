import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createDatabase } from '../support/database';
import { readPages } from './pages';
import type { Page } from './pages';
import { DocsProject } from './project';
import { Transcript } from './transcript';

const pages = readPages();

let project: DocsProject;
let complaints: string;
beforeAll(async () => {
  project = await DocsProject.create();
  for (const page of pages) project.write(page);
  complaints = project.compile();
}, 120_000);
afterAll(() => project.remove());

it("every page's code compiles with the packed package", () => {
  expect(complaints).toBe('');
});

/** The console blocks of a page, and the server that each of them talks to. */
function consolesOf({ blocks }: Page): { server: string; transcript: string }[] {
  return blocks
    .filter(({ language, title }) => language === 'console' && title !== undefined)
    .map(({ title, code }) => ({ server: `${title!}.ts`, transcript: code }));
}

const pagesWithConsoles = pages.filter((page) => consolesOf(page).length > 0);

it.each(pagesWithConsoles)('docs/$name.md shows what its servers answer', async (page) => {
  const database = await createDatabase();
  try {
    const env = { DATABASE_URL: database.url };
    const commands = new Transcript({ cwd: project.compiled(page.name), env: project.environment(env) });
    for (const { server, transcript } of consolesOf(page)) {
      const program = project.start(`${page.name}/${server}`, env);
      try {
        await program.listening(project.port);
        await commands.run(project.adapt(transcript));
      } finally {
        await program.stop();
      }
    }
  } finally {
    await database.drop();
  }
});
