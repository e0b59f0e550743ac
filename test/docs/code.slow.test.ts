import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
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

it('the server of docs/deployment.md answers at SIGTERM what is under way, and ends', async () => {
  const { port } = project;
  const database = await createDatabase();
  const program = project.start('deployment/server.ts', { DATABASE_URL: database.url });
  const agent = new Agent({ keepAlive: true });
  try {
    await program.listening(port);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '7', Expect: '100-continue' };
    const outgoing = request({ port, host: '127.0.0.1', method: 'POST', path: '/what-arrives', headers, agent });
    outgoing.flushHeaders();
    await once(outgoing, 'continue');

    const asked = performance.now();
    program.process.kill('SIGTERM');
    await expect(refusal(port)).resolves.toMatchObject({ code: 'ECONNREFUSED' });
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

/** Waits until the server takes no connection any more; the error of that. */
async function refusal(port: number): Promise<unknown> {
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${String(port)}/`, { headers: { Connection: 'close' } });
    } catch (error) {
      return (error as Error).cause;
    }
  }
}
