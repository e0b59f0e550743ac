import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { runNode } from '../packaging/packed-package';
import { createDatabase } from '../support/database';
import { readPages } from './pages';
import type { Page } from './pages';
import { DocsProject } from './project';
import { Transcript } from './transcript';

const pages = readPages();

/** For a test alone: what signs in production is random. */
const secretKey = 'sallyport-docs-test-8f2b61d0c94e7a35-b7e60d2c41f98a53e0';

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

/** What the transcripts of a page prove, by the rows of docs/parity.md. */
const proven: Readonly<Record<string, string>> = {
  authentication:
    'S-011, S-016, S-024, S-027, S-043, S-047, S-051 to S-053, S-059 to S-061, S-067, S-068, S-076, S-079 to S-083, ' +
    'S-086 to S-088, S-090 to S-092, S-098 to S-102, S-113, S-117, S-119, S-121, S-152, S-153, S-161',
  jwt: 'S-134 to S-136',
};

const pagesWithConsoles = pages
  .filter((page) => consolesOf(page).length > 0)
  .map((page) => ({ page, title: `${page.name}.md`, rows: proven[page.name] ?? 'beyond DRF' }));

it.each(pagesWithConsoles)('docs/$title shows what its servers answer ($rows)', async ({ page }) => {
  const database = await createDatabase();
  try {
    const env = { DATABASE_URL: database.url, SECRET_KEY: secretKey };
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

it('the tests of docs/testing.md pass', () => {
  const file = project.compiled('testing/notes.test.ts');
  const { status, output } = runNode(project.folder, ['--test', '--test-reporter=tap', file]);
  expect(output).toContain('# pass 6');
  expect(status).toBe(0);
});

it('the server of docs/deployment.md answers at SIGTERM what is under way, and ends', async () => {
  const { port } = project;
  const database = await createDatabase();
  const program = project.start('deployment/server.ts', { DATABASE_URL: database.url, SECRET_KEY: secretKey });
  const agent = new Agent({ keepAlive: true });
  try {
    await program.listening(port);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '7', Expect: '100-continue' };
    const outgoing = request({ port, host: '127.0.0.1', method: 'POST', path: '/what-arrives', headers, agent });
    outgoing.flushHeaders();
    await once(outgoing, 'continue');

    const asked = performance.now();
    program.process.kill('SIGTERM');
    await refused(port);
    outgoing.end('{"a":1}');
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(await text(incoming)).toBe('{"data":{"a":1}}');
    // The client would keep its connection for longer than the ten seconds after which all of them are closed.
    expect(await program.end()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(8_000);
  } finally {
    agent.destroy();
    await program.stop();
    await database.drop();
  }
});

/** Waits until the server takes no connection any more. One that came a moment before may be reset. */
async function refused(port: number): Promise<void> {
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${String(port)}/`, { headers: { Connection: 'close' } });
    } catch (error) {
      if ((error as { cause?: { code?: unknown } }).cause?.code === 'ECONNREFUSED') return;
    }
  }
}
