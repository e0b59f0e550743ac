import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app/app';
import type { ViewDefinition, ViewsDocument } from './app/documents';
import { readExpression } from './app/expressions';
import { exchange, type Answer } from './exchange';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

interface Served {
  readonly refused: Readonly<Record<string, string>>;
  get(path: string): Promise<Answer>;
}

async function serve(document: ViewsDocument): Promise<Served> {
  const refused: Record<string, string> = {};
  const app = await createApp(document, {}, { onRefused: (path, reason) => (refused[path] = reason) });
  const server = createServer(app).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return { refused, get: (path) => exchange(port, { path }) };
}

const ok: ViewDefinition = { path: '/ok/', handler: { kind: 'order' } };

describe('a views document that asks for more than the package offers', () => {
  it('costs the view that asks for it: 501 with the reason, which is reported', async () => {
    const view: ViewDefinition = { ...ok, path: '/stars/', permissionClasses: ['IsAuthenticated & ReadsStars'] };
    const { get, refused } = await serve({ views: [view, ok] });
    expect(refused).toEqual({ '/stars/': 'sallyport offers no ReadsStars' });
    expect(await get('/stars/')).toMatchObject({ status: 501, body: Buffer.from('sallyport offers no ReadsStars') });
    expect(await get('/ok/')).toMatchObject({ status: 200 });
  });

  it('costs no more where a definition, a setting or a kind of handler is at fault', async () => {
    const { get, refused } = await serve({
      definitions: { Stars: { type: 'throttle', base: 'StarThrottle' }, Moon: { type: 'parser', kind: 'moon' } },
      views: [
        { ...ok, path: '/definition/', throttleClasses: ['Stars'] },
        { ...ok, path: '/kind/', parserClasses: ['Moon'] },
        { ...ok, path: '/setting/', settings: { DEFAULT_STARS: 3 } },
        { path: '/handler/', handler: { kind: 'shine' } },
        ok,
      ],
    });
    expect(Object.keys(refused)).toEqual(['/definition/', '/kind/', '/setting/', '/handler/']);
    expect(await get('/ok/')).toMatchObject({ status: 200 });
  });

  it('is served where views name other classes than a default that is missing', async () => {
    const settings = { DEFAULT_PERMISSION_CLASSES: ['ReadsStars'] };
    const { get } = await serve({
      settings,
      views: [ok, { ...ok, path: '/open/', settings: { DEFAULT_PERMISSION_CLASSES: [] } }],
    });
    expect(await get('/ok/')).toMatchObject({ status: 501 });
    expect(await get('/open/')).toMatchObject({ status: 200 });
  });
});

describe('paths', () => {
  it('a plain pattern wins over one with a format suffix that stands before it', async () => {
    const { get } = await serve({
      views: [
        { ...ok, path: '/list/', formatSuffix: true },
        { path: '/list.json', handler: { kind: 'response', data: 'plain' } },
      ],
    });
    expect((await get('/list.json')).body.toString()).toBe('"plain"');
    expect((await get('/list.json/')).body.toString()).toBe('{"ok":true}');
  });
});

describe('an expression of permissions', () => {
  it.each(['A &', '(A', 'A)', 'A B', '', '~', 'A && B', 'A | | B'])('that is none is refused: %p', (text) => {
    expect(() => readExpression(text, () => class {})).toThrow(SyntaxError);
  });
});
