import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  AllowAllUsersModelBackend,
  APIView,
  BasicAuthentication,
  defineSettings,
  ImproperlyConfigured,
  IsAuthenticated,
  Response,
  User,
} from 'sallyport';
import type { AuthenticationClasses, Credentials, Request, Settings } from 'sallyport';
import { fastPasswordHashers, MemoryUserStore } from 'sallyport/testing';
import { call, serve } from '../../support/server';

const failures: { credentials: Credentials; request: unknown }[] = [];
const users = new MemoryUserStore({
  hashers: fastPasswordHashers,
  onLoginFailed: (credentials, request) => {
    failures.push({ credentials, request });
  },
});
let settings: Settings;

beforeAll(async () => {
  await users.createUser({ username: 'ann', password: 'sec:ret' });
  await users.createUser({ username: 'zoë', password: 'pässword €' });
  await users.createUser({ username: 'idle', password: 'pw', isActive: false });
  await users.createUser({ username: 'blank', password: ' ' });
  settings = defineSettings({ users });
});

class Who extends APIView {
  static override authenticationClasses: AuthenticationClasses = [BasicAuthentication];
  override get(request: Request): Response {
    const { user, auth } = request;
    return new Response([user instanceof User ? user.username : null, auth]);
  }
}

const ask = async (Authorization?: string): Promise<unknown[]> => {
  const headers = Authorization === undefined ? {} : { Authorization };
  const { status, json } = await call(Who.asView({ settings }), { headers });
  return status === 200 ? json : [status, json.detail];
};
const encode = (text: string, encoding: BufferEncoding = 'utf8'): string =>
  Buffer.from(text, encoding).toString('base64');
const annsHeader = encode('ann:sec:ret');

describe('BasicAuthentication', () => {
  it('D-156, D-160, S-043, S-044, S-046: knows a user by name and password, which may hold colons; auth is null', async () => {
    expect(await ask(`Basic ${annsHeader}`)).toEqual(['ann', null]);
  });

  it.each(['basic', 'BASIC', 'bAsIc'])('D-150: the scheme has no case: %s', async (scheme) => {
    expect(await ask(`${scheme} ${annsHeader}`)).toEqual(['ann', null]);
  });

  it.each([
    ['no header', undefined],
    ['an empty one', ''],
    ['blanks', '   '],
    ['another scheme', `Token ${annsHeader}`],
    ['a longer word', `Basics ${annsHeader}`],
    ['D-149: a no-break space is no blank', `Basic\u00a0${annsHeader}`],
    ['the credentials alone', annsHeader],
  ])('D-151: is not attempted with %s', async (_name, header) => {
    expect(await ask(header)).toEqual([null, null]);
  });

  it.each(['Basic', 'basic', 'Basic '])('D-152: without credentials: %j', async (header) => {
    expect(await ask(header)).toEqual([401, 'Invalid basic header. No credentials provided.']);
  });

  it.each([`Basic ${annsHeader} x`, 'Basic a b', `Basic a\tb`, 'Basic a b c d'])(
    'D-153: with blanks inside: %j',
    async (header) => {
      expect(await ask(header)).toEqual([401, 'Invalid basic header. Credentials string should not contain spaces.']);
    },
  );

  it('D-149: any amount of ASCII blanks separates', async () => {
    expect(await ask(`Basic \t  ${annsHeader}  `)).toEqual(['ann', null]);
  });

  it.each([
    ['foreign characters are skipped', `${annsHeader.slice(0, 5)}-_!${annsHeader.slice(5)}`],
    ['so is what follows the padding', `${encode('ann:sec:ret')}`.replace(/=*$/, '==QUJD')],
    ['so is a pad before the second character of a group', `=${annsHeader}`],
  ])('D-154: is as lenient as Python: %s', async (_name, word) => {
    expect(await ask(`Basic ${word}`)).toEqual(['ann', null]);
  });

  it.each([
    ['no base64 at all', '@@@'],
    ['padding that is cut', 'YTo='.slice(0, 3)],
    ['half a padding', 'YQ='],
    ['one character', 'a'],
    ['D-156: no colon', encode('annsecret')],
    ['nothing but padding', '===='],
    ['U+00A0 in the middle', 'YW5u\u00a0'],
  ])('D-154: refuses what Python cannot decode: %s', async (_name, word) => {
    expect(await ask(`Basic ${word}`)).toEqual([
      401,
      'Invalid basic header. Credentials not correctly base64 encoded.',
    ]);
  });

  it('D-148, D-155: reads UTF-8, and what is none as latin-1', async () => {
    expect(await ask(`Basic ${encode('zoë:pässword €')}`)).toEqual(['zoë', null]);
    await users.createUser({ username: 'jürgen', password: 'grün' });
    expect(await ask(`Basic ${encode('jürgen:grün', 'latin1')}`)).toEqual(['jürgen', null]);
  });

  it.each([
    ['a wrong password', 'ann:wrong'],
    ['an unknown name', 'nobody:sec:ret'],
    ['an empty name', ':sec:ret'],
    ['an empty password', 'ann:'],
    ['nothing but a colon', ':'],
    ['blanks, which count', 'blank:'],
    ['D-159: an inactive user, with the default backend', 'idle:pw'],
  ])('D-158: %s', async (_name, text) => {
    expect(await ask(`Basic ${encode(text)}`)).toEqual([401, 'Invalid username/password.']);
  });

  it('D-158: a password of blanks is a password', async () => {
    expect(await ask(`Basic ${encode('blank: ')}`)).toEqual(['blank', null]);
  });

  it('D-159: an inactive user whom a backend lets through', async () => {
    const lenient = new MemoryUserStore({
      hashers: fastPasswordHashers,
      backends: (store) => [new AllowAllUsersModelBackend(store, { hashers: fastPasswordHashers })],
    });
    await lenient.createUser({ username: 'idle', password: 'pw', isActive: false });
    const view = Who.asView({ settings: defineSettings({ users: lenient }) });
    const answer = await call(view, { headers: { Authorization: `Basic ${encode('idle:pw')}` } });
    expect([answer.status, answer.json]).toEqual([401, { detail: 'User inactive or deleted.' }]);
  });

  it('D-161, S-047: challenges with its realm', async () => {
    const challenge = async (Class: AuthenticationClasses[number]): Promise<unknown> => {
      const view = Who.asView({ settings, authenticationClasses: [Class], permissionClasses: [IsAuthenticated] });
      return (await call(view)).headers['www-authenticate'];
    };
    expect(await challenge(BasicAuthentication)).toBe('Basic realm="api"');
    class Realm extends BasicAuthentication {
      override readonly wwwAuthenticateRealm = 'notes';
    }
    expect(await challenge(Realm)).toBe('Basic realm="notes"');
  });

  it('D-157, D-163: a failed attempt is told to the store’s hook, with the wrapper and without the password', async () => {
    failures.length = 0;
    await ask(`Basic ${encode('ann:hunter2')}`);
    expect(failures).toHaveLength(1);
    expect(failures[0]!.credentials).toEqual({ username: 'ann', password: '*'.repeat(20) });
    expect(failures[0]!.request).toMatchObject({ method: 'GET' });
  });

  it('needs the user table where the app names it, and says so before the first request', () => {
    expect(() => Who.asView()).toThrow(ImproperlyConfigured);
    expect(() => Who.asView()).toThrow(
      'BasicAuthentication needs the user table: defineSettings({ users: userStore(orm) }).',
    );
  });

  it('a store that fails is a server error, and never lets in', async () => {
    const broken = {
      authenticate: () => Promise.reject(new TypeError('down')),
      get: null,
      getByNaturalKey: null,
    } as never;
    const errors: unknown[] = [];
    const logger = { error: (context: object) => errors.push((context as { err: unknown }).err) };
    const view = Who.asView({ settings: defineSettings({ users: broken, logger }) });
    const answer = await call(view, { headers: { Authorization: `Basic ${annsHeader}` } });
    expect(answer.status).toBe(500);
    expect(errors).toMatchObject([{ name: 'WrappedAttributeError' }]);
  });

  it('two Authorization headers are malformed credentials: a proxy may have checked the other one', async () => {
    const server = await serve(Who.asView({ settings }));
    const raw = (lines: string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(server.port, '127.0.0.1');
        let text = '';
        socket.on('data', (chunk) => (text += String(chunk)));
        socket.on('end', () => {
          resolve(text);
        });
        socket.on('error', reject);
        socket.write(['GET / HTTP/1.1', 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n'));
      });
    const right = `Authorization: Basic ${annsHeader}`;
    expect(await raw([right])).toMatch(/^HTTP\/1.1 200 /);
    for (const lines of [
      [right, right],
      [right, `authorization: Basic ${encode('ann:wrong')}`],
      [right, 'AUTHORIZATION: Token abc'],
    ]) {
      const answer = await raw(lines);
      expect(answer).toMatch(/^HTTP\/1.1 401 /);
      expect(answer).toContain('Credentials string should not contain spaces.');
    }
    await server.close();
  });
});
