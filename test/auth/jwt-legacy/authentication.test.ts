import { beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import {
  APIView,
  defineSettings,
  handle,
  IsAuthenticated,
  path,
  Response,
  type AuthenticationClasses,
  type Request,
  type User,
} from 'sallyport';
import { jwt, JWTAuthentication, tokenObtainPair } from 'sallyport/jwt';
import {
  InvalidTokenError,
  JSONWebTokenAuthentication,
  jwtEncodeHandler,
  jwtLegacy,
  obtainJwtToken,
} from 'sallyport/jwt-legacy';
import { APIClient } from 'sallyport/testing';
import { mutate, numbersFrom } from '../jwt/protocol/support';
import { Client, KEY, openBench, read, START, type Bench } from './support';

const NOW = START / 1000;
const CHALLENGE = 'JWT realm="api"';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});

describe('JSONWebTokenAuthentication', () => {
  it.each(['JWT', 'jwt', 'Jwt'])(
    'takes a token after the word %s, and keeps what it says (JO-006, JO-009)',
    async (word) => {
      const client = new Client(bench.settings);
      const token = await client.token();
      const response = await client.me(`${word} ${token}`);
      expect([response.status, response.data]).toEqual([200, { user: 'alice', auth: read(token) }]);
    },
  );

  it.each([undefined, '', 'Bearer x', 'JWTx y'])('takes %j for no attempt (JO-006, JO-007)', async (header) => {
    const response = await new Client(bench.settings).me(header);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, CHALLENGE]);
    expect(response.data).toEqual({ detail: 'Authentication credentials were not provided.' });
  });

  it('has another word where the settings say so (JO-011)', async () => {
    const client = new Client(bench.with({ authHeaderPrefix: 'Bearer' }));
    expect((await client.me(`bearer ${await client.token()}`)).status).toBe(200);
    expect((await client.me('JWT x')).headers.get('www-authenticate')).toBe('Bearer realm="api"');
  });

  it.each([
    ['JWT', 'Invalid Authorization header. No credentials provided.'],
    ['JWT a b', 'Invalid Authorization header. Credentials string should not contain spaces.'],
    ['JWT x', 'Error decoding signature.'],
  ])('refuses %j (JO-007)', async (header, detail) => {
    const response = await new Client(bench.settings).me(header);
    expect([response.status, response.data]).toEqual([401, { detail }]);
    expect(response.headers.get('www-authenticate')).toBe(CHALLENGE);
  });

  it.each([
    ['has ended', { exp: NOW }, 'Signature has expired.'],
    ['names nobody', { username: null }, 'Invalid payload.'],
    ['names somebody unknown', { username: 'zoe' }, 'Invalid signature.'],
    ['names somebody inactive', { username: 'carol' }, 'User account is disabled.'],
    ['is for somebody else', { aud: 'x' }, 'Incorrect authentication credentials.'],
    ['is from the future', { iat: NOW + 60 }, 'Incorrect authentication credentials.'],
  ])('refuses a token that %s (JO-007)', async (_what, claims, detail) => {
    await bench.users.createUser({ username: 'carol', password: 'x', isActive: false });
    const token = await jwtEncodeHandler({ username: 'alice', exp: NOW + 9, ...claims }, bench.settings);
    const response = await new Client(bench.settings).me(`JWT ${token}`);
    expect([response.status, response.data]).toEqual([401, { detail }]);
  });

  it('refuses another algorithm, and none (JO-007, JO-014)', async () => {
    const client = new Client(bench.settings);
    const [, payload] = (await client.token()).split('.') as [string, string];
    const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const other = await jwtEncodeHandler(
      read(await client.token()),
      bench.with({ algorithm: 'HS384', allowShortSecretKey: true }),
    );
    for (const token of [`${header}.${payload}.`, other]) {
      expect((await client.me(`JWT ${token}`)).data).toEqual({ detail: 'Incorrect authentication credentials.' });
    }
  });

  it('finds users by their name, and not by their number (JO-012)', async () => {
    const token = await jwtEncodeHandler({ user_id: 99, username: 'alice', exp: NOW + 9 }, bench.settings);
    expect((await new Client(bench.settings).me(`JWT ${token}`)).data).toMatchObject({ user: 'alice' });
    bench.alice.username = 'alicia';
    const response = await new Client(bench.settings).me(`JWT ${token}`);
    expect(response.data).toEqual({ detail: 'Invalid signature.' });
  });

  it('reads the name where the settings say that it is (JO-011)', async () => {
    const settings = bench.with({ payloadGetUsernameHandler: (payload) => payload['sub'] });
    const token = await jwtEncodeHandler({ sub: 'alice', exp: NOW + 9 }, settings);
    expect((await new Client(settings).me(`JWT ${token}`)).data).toMatchObject({ user: 'alice' });
  });

  it('takes the cookie where there is no header (JO-004, JO-008)', async () => {
    const client = new Client(bench.with({ authCookie: 'jwt' }));
    const Cookie = `jwt=${await client.token()}`;
    const withCookie = (headers: Record<string, string>) => client.raw.get('/me/', undefined, { headers });
    expect((await withCookie({ Cookie })).data).toMatchObject({ user: 'alice' });
    expect((await withCookie({ Cookie, Authorization: 'JWT x' })).status).toBe(401);
    expect((await withCookie({ Cookie, Authorization: 'Basic x' })).status).toBe(401);
    expect((await withCookie({ Cookie: 'jwt=' })).data).toEqual({ detail: 'Error decoding signature.' });
    expect((await new Client(bench.settings).raw.get('/me/', undefined, { headers: { Cookie } })).status).toBe(401);
  });

  it('answers 401 to a form with a bad token, and asks for no CSRF token (JO-015)', async () => {
    const client = new Client(bench.with({ authCookie: 'jwt' }));
    const post = (headers: Record<string, string>) =>
      client.raw.post('/me/', { a: '1' }, { format: 'multipart', headers });
    expect((await post({ Authorization: 'JWT x' })).status).toBe(401);
    expect((await post({ Cookie: `jwt=${await client.token()}` })).status).toBe(200);
  });

  it('has keys of a pair, and services that only verify (JO-011)', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const issuing = bench.with({ algorithm: 'ES256', privateKey: pair.privateKey });
    const verifying = bench.with({ algorithm: 'ES256', publicKey: pair.publicKey });
    const token = await new Client(issuing).token();
    expect((await new Client(verifying).me(`JWT ${token}`)).status).toBe(200);
    await expect(new Client(verifying).obtain()).rejects.toThrow("Without a 'privateKey'");
  });

  it('lets the settings decode (JO-011)', async () => {
    const settings = bench.with({
      decodeHandler: (token) => {
        if (token === 'open') return { username: 'alice' };
        throw new InvalidTokenError('No.');
      },
    });
    const client = new Client(settings);
    expect((await client.me('JWT open')).data).toMatchObject({ user: 'alice' });
    expect((await client.me('JWT shut')).data).toEqual({ detail: 'Incorrect authentication credentials.' });
  });

  it('answers 401, and nothing worse, to mutated tokens (JO-014)', async () => {
    const client = new Client(bench.settings);
    const token = await client.token();
    const random = numbersFrom('of the older package, in a header');
    for (let i = 0; i < 200; i++) {
      const header = `JWT ${mutate(token, random).replace(/[\n\0 ]/g, '\u00e9')}`;
      expect([header, (await client.me(header)).status]).toEqual([header, 401]);
    }
  });
});

describe('beside the tokens of simplejwt', () => {
  it('serves the front ends that are there, while new ones have the others (JO-019)', async () => {
    const settings = defineSettings(
      { users: bench.users, clock: bench.clock },
      jwtLegacy({ secretKey: KEY }),
      jwt({ signingKey: `${KEY} of the new ones` }),
    );
    class Me extends APIView {
      static override settings = settings;
      static override authenticationClasses: AuthenticationClasses = [JWTAuthentication, JSONWebTokenAuthentication];
      static override permissionClasses = [IsAuthenticated];
      override get(request: Request<User>): Response {
        return new Response({ by: request.successfulAuthenticator!.constructor.name });
      }
    }
    const client = new APIClient(
      handle([
        path('/me/', Me.asView()),
        path('/new/', tokenObtainPair(settings)),
        path('/old/', obtainJwtToken(settings)),
      ]),
    );
    const body = { username: 'alice', password: 'alice-pass' };
    const { token } = (await client.post('/old/', body, { format: 'json' })).data as { token: string };
    const { access } = (await client.post('/new/', body, { format: 'json' })).data as { access: string };
    const asking = async (Authorization: string): Promise<unknown> =>
      (await client.get('/me/', undefined, { headers: { Authorization } })).data;
    expect(await asking(`JWT ${token}`)).toEqual({ by: 'JSONWebTokenAuthentication' });
    expect(await asking(`Bearer ${access}`)).toEqual({ by: 'JWTAuthentication' });
    expect(await asking(`JWT ${access}`)).toHaveProperty('detail');
    expect(await asking(`Bearer ${token}`)).toHaveProperty('detail');
  });
});

describe('a secret for each user', () => {
  const secretOf = (user: object): string => `${(user as User).password}, and enough characters to be a secret`;

  it('ends all tokens of the user when it is another one (JO-013)', async () => {
    const client = new Client(bench.with({ getUserSecretKey: secretOf }));
    const token = await client.token();
    expect((await client.me(`JWT ${token}`)).status).toBe(200);
    bench.alice.password = 'another hash';
    expect((await client.me(`JWT ${token}`)).data).toEqual({ detail: 'Error decoding signature.' });
  });

  it.each([99, null, ['1'], 'abc', { $gt: 0 }])(
    'of nobody is 401, not a server error: user_id %j (JO-013)',
    async (user_id) => {
      const settings = bench.with({ getUserSecretKey: secretOf });
      const token = await jwtEncodeHandler({ user_id, username: 'alice', exp: NOW + 9 }, bench.settings);
      const client = new Client(settings);
      expect((await client.me(`JWT ${token}`)).data).toEqual({ detail: 'Error decoding signature.' });
      expect((await client.verify(token)).status).toBe(400);
      expect((await client.me('JWT x')).status).toBe(401);
    },
  );

  it('is that of the user whom the settings find in the payload (JO-011, JO-013)', async () => {
    const settings = bench.with({
      getUserSecretKey: secretOf,
      payloadHandler: (user) => ({ uid: user.pk, username: 'alice', exp: NOW + 9 }),
      payloadGetUserIdHandler: (payload) => payload['uid'],
    });
    const client = new Client(settings);
    expect((await client.me(`JWT ${await client.token()}`)).status).toBe(200);
  });
});
