import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from 'sallyport';
import { openOrm } from '../mikro-orm/support';
import type { TestOrm } from '../mikro-orm/support';
import { userStore } from 'sallyport/mikro-orm';
import { codeOf, readPage } from './pages';
import { DocsProject, freePort } from './project';
import type { Program } from './project';
import { isInstalled, WebServer, webServers } from './web-server';
import type { Answer } from './web-server';

const deployment = readPage('deployment');
const authentication = readPage('authentication');

let project: DocsProject;
let database: TestOrm;
beforeAll(async () => {
  project = await DocsProject.create();
  project.write(deployment);
  project.write(authentication);
  expect(project.compile()).toBe('');
  database = await openOrm();
}, 120_000);
afterAll(async () => {
  await database.close();
  project.remove();
});

const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;

describe.each(webServers)('behind $name, as docs/deployment.md sets it up', (kind) => {
  if (process.env['CI'] === undefined && !isInstalled(kind)) {
    it.skip(`everything (skipped: there is no ${kind.command} or openssl here)`, () => undefined);
    return;
  }

  let front: WebServer;
  beforeAll(async () => {
    const block = project.adapt(codeOf(deployment, kind.block));
    front = new WebServer(kind, block, await freePort(), { ann: 'at-the-door' });
    await front.listening();
  });
  afterAll(() => front.stop());

  /** Starts an app of the pages behind the web server for one test. */
  async function withApp(module: string, test: (ask: WebServer['request']) => Promise<void>): Promise<void> {
    const app: Program = project.start(module, { DATABASE_URL: database.url, SECRET_KEY: 'of a test' });
    try {
      await app.listening(project.port);
      await test((path, headers) => front.request(path, headers));
    } finally {
      await app.stop();
    }
  }
  const bodyOf = ({ text }: Answer): unknown => JSON.parse(text);

  it('the header Authorization reaches the app (S-041)', async () => {
    await withApp('deployment/server.ts', async (ask) => {
      const answer = await ask('/what-arrives', { Authorization: 'Token x' });
      expect({ status: answer.status, body: bodyOf(answer), challenge: answer.headers['www-authenticate'] }).toEqual({
        status: 401,
        body: { detail: 'Invalid token.' },
        challenge: 'Token',
      });
    });
  });

  it('the app knows its own address and that of the client, whatever the client says', async () => {
    await withApp('deployment/server.ts', async (ask) => {
      const lies = {
        'X-Forwarded-For': '1.2.3.4, 5.6.7.8',
        'X-Forwarded-Proto': 'http',
        'X-Forwarded-Host': 'evil.example',
        Forwarded: 'for=1.2.3.4;host=evil.example;proto=http',
      };
      expect(bodyOf(await ask('/what-arrives?a=%2F', lies))).toEqual({
        url: 'https://api.example.com/what-arrives?a=%2F',
        address: '127.0.0.1',
        user: 'AnonymousUser',
      });
    });
  });

  it('a name that a client sends for itself has no effect (S-104)', async () => {
    await withApp('authentication/remote-user.ts', async (ask) => {
      await userStore(database.orm).createUser({ username: `root-${kind.command}` });
      const root = `root-${kind.command}`;
      for (const headers of [
        { 'X-Remote-User': root },
        { 'x-remote-user': root, Authorization: basic(`${root}:anything`) },
        { X_Remote_User: root, 'Remote-User': root, REMOTE_USER: root },
        { Connection: 'close, X-Remote-User', 'X-Remote-User': root },
      ]) {
        const answer = await ask('/profile', headers);
        expect({ headers, status: answer.status }).toEqual({ headers, status: 403 });
      }
    });
  });

  it('a name that the web server has checked is that of the user (S-104, S-109)', async () => {
    await withApp('authentication/remote-user.ts', async (ask) => {
      expect((await ask('/sso/profile')).status).toBe(401);
      expect((await ask('/sso/profile', { Authorization: basic('ann:wrong') })).status).toBe(401);
      const answer = await ask('/sso/profile', { Authorization: basic('ann:at-the-door'), 'X-Remote-User': 'root' });
      expect(bodyOf(answer)).toEqual({ user: 'ann' });
      expect(await database.orm.em.fork().count(User, { username: 'ann' })).toBe(1);
    });
  });
});
