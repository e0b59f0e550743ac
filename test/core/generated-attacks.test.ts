import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AcceptHeaderVersioning,
  and,
  APIView,
  AllowAny,
  authtoken,
  BasicAuthentication,
  defineSettings,
  FormParser,
  formatSuffixPatterns,
  handle,
  IsAuthenticated,
  JSONParser,
  JSONRenderer,
  not,
  or,
  path,
  QueryParameterVersioning,
  Response,
  reverse,
  TokenAuthentication,
} from 'sallyport';
import type { AuthenticationClasses, PermissionClasses, Request, RendererClasses } from 'sallyport';
import { fastPasswordHashers, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { Generator } from '../support/generator';
import { serve } from '../support/server';
import type { RequestOptions, TestServer } from '../support/server';

const ROUNDS = 400;
const errors: unknown[] = [];
const users = new MemoryUserStore({ hashers: fastPasswordHashers });
const store = new MemoryTokenStore();
const settings = defineSettings(
  { users, logger: { error: (context) => errors.push((context as { err: unknown }).err) } },
  authtoken({ store }),
);

class Secret extends APIView {
  static override settings = settings;
  static override authenticationClasses: AuthenticationClasses = [TokenAuthentication, BasicAuthentication];
  static override permissionClasses: PermissionClasses = [IsAuthenticated];
  override get(request: Request): Response {
    return this.post(request);
  }
  override post(request: Request): Response {
    return new Response({ secret: request.data });
  }
}
/** Open to all, so that everything behind the door is reached as well. */
class Open extends Secret {
  static override permissionClasses: PermissionClasses = [AllowAny];
  static override parserClasses = [JSONParser, FormParser];
  override post(request: Request): Response {
    return new Response({
      data: request.data,
      query: request.queryParams,
      meta: Object.keys(request.META).length,
      headers: [...request.headers].length,
      secure: request.isSecure(),
      url: reverse('any', { request, params: { rest: request.path } }),
    });
  }
}
const rendererClasses: RendererClasses = [JSONRenderer];

let server: TestServer;
let key: string;
let password: string;
beforeAll(async () => {
  const ann = await users.createUser({ username: 'ann', password: 'secret' });
  key = (await store.getOrCreate(ann))[0].key;
  password = Buffer.from('ann:secret').toString('base64');
  const lazy = { settings: { ...settings, authenticationMode: 'lazy' as const } };
  server = await serve(
    handle(
      formatSuffixPatterns([
        path('/secret', Secret.asView({ rendererClasses })),
        path('/lazy', Secret.asView({ ...lazy, rendererClasses })),
        path('/composed', Secret.asView({ permissionClasses: [and(or(IsAuthenticated, not(AllowAny)), AllowAny)] })),
        path('/accept', Secret.asView({ versioningClass: AcceptHeaderVersioning })),
        path('/query', Secret.asView({ versioningClass: QueryParameterVersioning })),
        path('/open/<path:rest>', Open.asView(), { name: 'any' }),
      ]),
    ),
  );
  const right = await server.request({ path: '/secret', headers: { Authorization: `Token ${key}` } });
  expect(right.status).toBe(200);
});
afterAll(async () => {
  await server.close();
});

const SECRETS = ['/secret', '/lazy', '/composed', '/accept', '/query'];

/** A refusal that a client can read, whatever it sent. */
async function refused(options: RequestOptions): Promise<void> {
  const answer = await server.request(options);
  const told = `${JSON.stringify(options)} was answered ${String(answer.status)} ${answer.text}`;
  if (answer.status < 400 || answer.status >= 500) throw new Error(told);
  if (options.method !== 'HEAD' && !/^\{"detail":"[^"\\]*(?:\\.[^"\\]*)*"\}$/.test(answer.text)) throw new Error(told);
  if (answer.headers['content-type'] !== 'application/json') throw new Error(told);
}

async function attack(seed: number, make: (generator: Generator) => RequestOptions): Promise<void> {
  const generator = new Generator(seed);
  const all = Array.from({ length: ROUNDS }, () => make(generator));
  for (let i = 0; i < all.length; i += 20) await Promise.all(all.slice(i, i + 20).map(refused));
  expect(errors).toEqual([]);
}

const trimmed = (text: string): string => text.replace(/^[\t ]+|[\t ]+$/g, '');

describe('made-up requests never open a closed view, never break it and always get an answer', () => {
  it('with Authorization headers', async () => {
    const pieces = [
      'Token',
      'Basic',
      'token',
      'Bearer',
      ' ',
      '  ',
      '\t',
      '\u00a0',
      '=',
      '==',
      ':',
      ',',
      'YW5u',
      'Og==',
      '0'.repeat(40),
      'null',
    ];
    await attack(1, (generator) => ({
      path: generator.pick(SECRETS),
      method: generator.pick(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE']),
      headers: { Authorization: generator.soup(pieces) },
    }));
  });

  it('with right credentials that are not quite right', async () => {
    const differs = (make: () => string): string => {
      for (;;) {
        const made = make();
        // A blank beside a word is no change, and neither is what base64 skips.
        if (!made.includes(key) && !Buffer.from(made.split(/\s+/).at(-1) ?? '', 'base64').includes('ann:secret'))
          return made;
      }
    };
    await attack(2, (generator) => ({
      path: generator.pick(SECRETS),
      headers: {
        Authorization: differs(() =>
          generator.pick([
            () => `Token ${generator.mutate(key)}`,
            () => `Basic ${generator.mutate(password)}`,
            () => generator.mutate(`Token ${key.slice(1)}`),
            () => `Basic ${Buffer.from(generator.mutate('ann:secre')).toString('base64')}`,
          ])(),
        ),
      },
    }));
  });

  it('with Accept headers, formats and versions', async () => {
    const pieces = [
      'application/json',
      '*/*',
      'text/',
      '/',
      '*',
      ';',
      ',',
      'q=0',
      'version=1',
      '"',
      'indent=',
      '9',
      ' ',
      '=',
      'application/*',
    ];
    await attack(3, (generator) => ({
      path: `${generator.pick(SECRETS)}${generator.pick(['', '.json', '.xml', '.'])}?${generator.pick(['', 'format=json', 'format=', 'version=', 'version=1'])}`,
      headers: { Accept: generator.soup(pieces) },
    }));
  });

  it('with content types and bodies', async () => {
    const types = [
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      ';',
      'charset=',
      'utf-8',
      'utf-16',
      'boundary=',
      'x',
      '"',
      '/',
    ];
    const bodies = [
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      'a',
      '1',
      '\\u',
      '=',
      '&',
      '%',
      '--x',
      '\r\n',
      'Content-Disposition: form-data; name="a"',
      'null',
      'NaN',
    ];
    await attack(4, (generator) => ({
      path: generator.pick(SECRETS),
      method: generator.pick(['POST', 'PUT', 'GET', 'OPTIONS']),
      headers: { 'Content-Type': generator.soup(types) },
      body: generator.soup(bodies, 30),
      chunked: generator.below(2) === 0,
    }));
  });

  it('with paths and queries', async () => {
    const pieces = [
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2F',
      '%00',
      '%',
      '%ff',
      ';',
      '@',
      ':',
      '\\',
      'secret',
      'lazy',
      'json',
      '?',
      '#',
      '&',
      '=',
      '\u00e9',
    ];
    await attack(5, (generator) => ({
      path: `${generator.pick(['/', '/secret', '/secret/', '/lazy.', '//', '/x'])}${generator.soup(pieces).replace(/[^\x21-\x7e]/g, '')}`,
    }));
  });

  it('with other headers that people believe in', async () => {
    const names = [
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'Remote-User',
      'X-Http-Method-Override',
      'X-Original-Url',
      'Cookie',
      'Host',
      'X-User',
    ];
    const values = [
      'ann',
      '127.0.0.1',
      ',',
      '::1',
      'GET',
      '/open/x',
      'sessionid=',
      'csrftoken=',
      'example.com',
      ':',
      '"',
      ';',
      '=',
      '1',
    ];
    await attack(6, (generator) => ({
      path: generator.pick(SECRETS),
      method: generator.pick(['GET', 'POST']),
      headers: Object.fromEntries(generator.list(6, () => [generator.pick(names), trimmed(generator.soup(values))])),
    }));
  });
});

it('made-up requests never break an open view: it answers, or refuses in the shape of DRF', async () => {
  const generator = new Generator(7);
  const bodies = ['{', '}', '[', ']', '"a"', ':', ',', '1', 'null', '&', '=', '%41', '+', '\u00ff'];
  const headers = [
    'application/json',
    'application/x-www-form-urlencoded',
    ';',
    'charset=',
    'latin-1',
    'utf-16',
    '*',
    '"',
  ];
  for (let i = 0; i < ROUNDS; i++) {
    const options: RequestOptions = {
      path: `/open/${generator.soup(['a', '/', '%20', '%ff', '?', '&', '=', '+', '//', '..', ':'], 10).replace(/[^\x21-\x7e]/g, '')}`,
      method: generator.pick(['GET', 'POST']),
      headers: {
        'Content-Type': generator.soup(headers, 4),
        Host: generator.pick(['a', 'a:80', 'a b', '[::1]', 'évil', '/', '@', '', 'x'.repeat(300)]),
        'X-Noise': generator.text(50),
      },
      body: generator.soup(bodies, 20),
      chunked: generator.below(2) === 0,
    };
    const answer = await server.request(options);
    const told = `${JSON.stringify(options)} was answered ${String(answer.status)} ${answer.text}`;
    if (![200, 400, 401, 404, 406, 413, 415].includes(answer.status)) throw new Error(told);
    expect(typeof answer.json).toBe('object');
    if (answer.status === 200)
      expect(answer.json.url).toMatch(/^http:\/\/(?:127\.0\.0\.1:\d+|a|a:80|\[::1\]|x{300})\/open\//);
  }
  expect(errors).toEqual([]);
});
