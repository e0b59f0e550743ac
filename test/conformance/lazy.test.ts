import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createApp } from './app/app';
import { readDocument, type Fixtures, type ViewsDocument } from './app/documents';
import { withoutLeftOut } from './pending';
import { runScenario } from './runner';
import { readScenarios } from './scenarios';

/**
 * Steps with bad credentials that neither a policy nor the view looks at: the answer is the view's own then, be it 200,
 * 405 or an error that it throws itself.
 */
const unseen: Readonly<Record<string, readonly string[]>> = {
  kit: [
    '12-obtain-auth-token.json, authentication still runs: wrong basic header',
    '15-authentication-custom.json, constant authenticators and other methods: OPTIONS /fails/',
    '15-authentication-custom.json, constant authenticators and other methods: POST /fails/',
    '20-permissions.json, wrong credentials come first: GET /perm/AllowAny/',
    '60-exceptions.json, own exception handlers: header broken',
    '90-order.json, negotiation, version, authentication, permission, throttle, method, parser: GET /order/version/',
  ],
  'kit-own': [],
  'kit-bare': ['defaults.json, logged in: POST /whoami'],
};

/** A session that nobody read: the answer doesn't vary on its cookie. */
const UNREAD_SESSION = /^Vary: (nothing|"Accept") instead of "(Accept, )?Cookie"$/;

describe.each(Object.entries(unseen))('%s with lazy authentication', (kit, expected) => {
  const folder = join(__dirname, kit);
  let server: Server;
  let port: number;

  beforeAll(async () => {
    const views = readDocument<ViewsDocument>(join(folder, 'views.json'));
    const fixtures = readDocument<Fixtures>(join(folder, 'fixtures.json'));
    const logger = { error: () => undefined };
    const app = await createApp(views, fixtures, { logger, authenticationMode: 'lazy' });
    server = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    ({ port } = server.address() as AddressInfo);
  });

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  it('answers as ever but where nobody looks at the user (S-160, S-161)', async () => {
    const found: string[] = [];
    for (const file of readScenarios(join(folder, 'scenarios'))) {
      for (const scenario of file.scenarios) {
        const failures = await runScenario(port, withoutLeftOut(scenario, file));
        for (const { step, differences } of failures) {
          if (differences.every((difference) => UNREAD_SESSION.test(difference))) continue;
          found.push(`${file.file}, ${scenario.name}: ${step}`);
        }
      }
    }
    expect(found).toEqual(expected);
  }, 60_000);
});
