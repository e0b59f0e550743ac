import { beforeEach, describe, expect, it } from '@jest/globals';
import { handle, JSONParser, path, type User } from 'sallyport';
import {
  DecodeError,
  jwtDecodeHandler,
  jwtEncodeHandler,
  jwtPayloadHandler,
  obtainJwtToken,
  VerifyJSONWebToken,
} from 'sallyport/jwt-legacy';
import { APIClient } from 'sallyport/testing';
import { mutate, numbersFrom } from '../jwt/protocol/support';
import { Client, KEY, openBench, read, START, type Bench } from './support';

const NOW = START / 1000;
const problem = (text: string): object => ({ non_field_errors: [text] });

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});

describe('obtaining a token', () => {
  it('takes a name and a password, and answers a token (JO-001)', async () => {
    const response = await new Client(bench.settings).obtain();
    expect(response.status).toBe(200);
    expect(Object.keys(response.data)).toEqual(['token']);
  });

  it('writes user_id, username, exp, email and orig_iat into it (JO-010)', async () => {
    const payload = read(await new Client(bench.settings).token());
    expect(JSON.stringify(payload)).toBe(
      `{"user_id":1,"username":"alice","exp":${String(NOW + 300)},"email":"alice@example.com","orig_iat":${String(NOW)}}`,
    );
  });

  it('writes audience and issuer, and the field of the name, where there are such (JO-010, JO-011)', async () => {
    const options = { allowRefresh: false, audience: 'a', issuer: 'i', usernameField: 'login', expirationDelta: 60 };
    const payload = jwtPayloadHandler(bench.alice, bench.with(options));
    expect(payload).toEqual({
      user_id: 1,
      username: 'alice',
      exp: NOW + 60,
      email: 'alice@example.com',
      login: 'alice',
      aud: 'a',
      iss: 'i',
    });
    const nameless = { isAuthenticated: true, isActive: true, pk: 'f3ff', login: 'zoe' } as const;
    expect(jwtPayloadHandler(nameless, bench.with({ usernameField: 'login', allowRefresh: false }))).toEqual({
      user_id: 'f3ff',
      username: 'zoe',
      exp: NOW + 300,
      login: 'zoe',
    });
  });

  it.each([
    ['a wrong password', { username: 'alice', password: 'x' }],
    ['an unknown name', { username: 'zoe', password: 'x' }],
  ])('refuses %s with 400 (JO-005)', async (_what, body) => {
    const response = await new Client(bench.settings).obtain(body);
    expect([response.status, response.data]).toEqual([400, problem('Unable to log in with provided credentials.')]);
    expect(response.headers.get('www-authenticate')).toBeNull();
  });

  it('refuses inactive users whom a backend lets through (JO-005)', async () => {
    bench.alice.isActive = false;
    const always = (): Promise<User> => Promise.resolve(bench.alice);
    const users = { get: always, getByNaturalKey: always, authenticate: always };
    const response = await new Client(bench.with({}, { users })).obtain();
    expect([response.status, response.data]).toEqual([400, problem('User account is disabled.')]);
  });

  it('names the fields that are missing (JO-005)', async () => {
    const { data } = await new Client(bench.with({ usernameField: 'email' })).obtain({ password: '' });
    expect(data).toEqual({ email: ['This field is required.'], password: ['This field may not be blank.'] });
  });

  it('does not look at a header that is no good any more (JO-018)', async () => {
    const client = new Client(bench.settings);
    client.raw.credentials({ Authorization: 'JWT rubbish' });
    expect((await client.obtain()).status).toBe(200);
  });

  it('ends the guessing of a password', async () => {
    const client = new Client(bench.with({}, { defaultThrottleRates: { failed_login: '2/minute' } }));
    const statuses: number[] = [];
    for (const password of ['a', 'b', 'alice-pass']) {
      statuses.push((await client.obtain({ username: 'alice', password })).status);
    }
    expect(statuses).toEqual([400, 400, 429]);
  });

  it('answers what the settings say, and signs what they say (JO-011)', async () => {
    const settings = bench.with({
      payloadHandler: (user, own) => ({ ...jwtPayloadHandler(user, own), team: 'a' }),
      responsePayloadHandler: (token, user, request) => ({
        token,
        name: (user as User).username,
        method: request.method,
      }),
      encodeHandler: (payload, own) => jwtEncodeHandler({ ...payload, signed: true }, own),
    });
    const { data } = await new Client(settings).obtain();
    expect(data).toMatchObject({ name: 'alice', method: 'POST' });
    expect(read(data.token)).toMatchObject({ team: 'a', signed: true });
  });
});

describe('verifying a token', () => {
  it('answers the token (JO-003)', async () => {
    const client = new Client(bench.settings);
    const token = await client.token();
    const response = await client.verify(token);
    expect([response.status, response.data]).toEqual([200, { token }]);
    expect((await client.verify(undefined)).data).toEqual({ token: ['This field is required.'] });
  });

  it('says of a bad one what is bad about it (JO-005)', async () => {
    const client = new Client(bench.settings);
    const sign = (payload: object): Promise<string> =>
      Promise.resolve(jwtEncodeHandler({ user_id: 1, username: 'alice', exp: NOW + 9, ...payload }, bench.settings));
    const textOf = async (token: unknown): Promise<unknown> => (await client.verify(token)).data;
    expect(await textOf('x')).toEqual(problem('Error decoding signature.'));
    expect(await textOf(await sign({ exp: NOW }))).toEqual(problem('Signature has expired.'));
    expect(await textOf(await sign({ username: '' }))).toEqual(problem('Invalid payload.'));
    expect(await textOf(await sign({ username: 5 }))).toEqual(problem('Invalid payload.'));
    expect(await textOf(await sign({ username: 'zoe' }))).toEqual(problem("User doesn't exist."));
    expect(await textOf(await sign({ nbf: NOW + 1 }))).toEqual(problem('Error decoding signature.'));
    bench.alice.isActive = false;
    expect(await textOf(await sign({}))).toEqual(problem('User account is disabled.'));
  });
});

describe('refreshing a token', () => {
  it('gives one with a new end and the same beginning (JO-002)', async () => {
    const client = new Client(bench.settings);
    const token = await client.token();
    bench.clock.advance(60_000);
    const { data } = await client.refresh(token);
    expect(read(data.token)).toEqual({ ...read(token), exp: NOW + 360 });
  });

  it('is for tokens that say when their line began (JO-002)', async () => {
    const token = await new Client(bench.with({ allowRefresh: false })).token();
    const response = await new Client(bench.settings).refresh(token);
    expect([response.status, response.data]).toEqual([400, problem('orig_iat field is required.')]);
  });

  it('ends some time after that (JO-016)', async () => {
    const client = new Client(bench.with({ expirationDelta: 10_000, refreshExpirationDelta: 600 }));
    const token = await client.token();
    bench.clock.advance(600_000);
    expect((await client.refresh(token)).status).toBe(200);
    bench.clock.advance(1000);
    expect((await client.refresh(token)).data).toEqual(problem('Refresh has expired.'));
  });

  it('ends when the token does, and for users who are disabled (JO-017)', async () => {
    const client = new Client(bench.settings);
    const token = await client.token();
    bench.alice.isActive = false;
    expect((await client.refresh(token)).data).toEqual(problem('User account is disabled.'));
    bench.clock.advance(300_000);
    expect((await client.refresh(token)).data).toEqual(problem('Signature has expired.'));
  });
});

describe('the cookie', () => {
  it('is set by each of the views, hidden from scripts and over TLS (JO-004)', async () => {
    const client = new Client(bench.with({ authCookie: 'jwt' }));
    const token = await client.token();
    for (const response of [await client.obtain(), await client.verify(token), await client.refresh(token)]) {
      expect(response.headers.getSetCookie()).toEqual([
        `jwt=${response.data.token as string}; expires=${new Date(START + 300_000).toUTCString()}; HttpOnly; ` +
          'Max-Age=300; Path=/; SameSite=Lax; Secure',
      ]);
    }
    expect((await client.verify('x')).headers.getSetCookie()).toEqual([]);
  });

  it('is as the package sets it, where the settings say so (JO-004)', async () => {
    const settings = bench.with({ authCookie: 'jwt', authCookieSecure: false, authCookieSameSite: null });
    const [cookie] = (await new Client(settings).obtain()).headers.getSetCookie();
    expect(cookie).toMatch(/; HttpOnly; Max-Age=300; Path=\/$/);
  });

  it('is set for any good token, by a form of another site too, unless the view takes JSON alone', async () => {
    const settings = bench.with({ authCookie: 'jwt' });
    class VerifyJSON extends VerifyJSONWebToken {
      static override parserClasses = [JSONParser];
    }
    const client = new APIClient(
      handle([
        path('/verify', VerifyJSONWebToken.asView({ settings })),
        path('/json', VerifyJSON.asView({ settings })),
      ]),
    );
    const { token } = (await new Client(settings).obtain()).data as { token: string };
    const body = new URLSearchParams({ token }).toString();
    const cookies = async (to: string, contentType: string, text: string): Promise<[number, number]> => {
      const { status, headers } = await client.post(to, text, { contentType });
      return [status, headers.getSetCookie().length];
    };
    expect(await cookies('/verify', 'application/x-www-form-urlencoded', body)).toEqual([200, 1]);
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', '']) {
      expect([type, ...(await cookies('/json', type, body))]).toEqual([type, 415, 0]);
    }
    expect(await cookies('/json', 'application/json', JSON.stringify({ token }))).toEqual([200, 1]);
  });
});

describe('the views', () => {
  it('take the secret of the app where they have none of their own (JO-011)', async () => {
    const ofApp = bench.with({ secretKey: null }, { secretKey: KEY });
    const { token } = (await new Client(ofApp).obtain()).data as { readonly token: string };
    expect((await new Client(bench.settings).verify(token)).status).toBe(200);
    const apart = bench.with({ secretKey: null }, { secretKey: `${KEY}-apart` });
    expect((await new Client(apart).verify(token)).status).toBe(400);
  });

  it('say at the start what their settings lack', () => {
    expect(() => obtainJwtToken(bench.with({ secretKey: null }))).toThrow("lack 'secretKey'");
    expect(() => obtainJwtToken(bench.with({ algorithm: 'RS256' }))).toThrow("lack 'publicKey'");
    expect(() => obtainJwtToken(bench.with({ secretKey: 'short' }))).toThrow('allowShortSecretKey');
    expect(() => obtainJwtToken(bench.with({}, { users: null }))).toThrow('ObtainJSONWebToken needs the user table');
  });

  it('know no algorithm that there is none, and no way not to check signatures (JO-014)', () => {
    const none = bench.with({ algorithm: 'none' as 'HS256' });
    expect(() => obtainJwtToken(none)).toThrow("Unrecognized algorithm type 'none'");
    expect(() => bench.with({ verify: false } as object)).toThrow("Unknown option 'verify'");
  });

  it('answer 400, and nothing worse, to mutated tokens (JO-014)', async () => {
    const client = new Client(bench.settings);
    const token = await client.token();
    const random = numbersFrom('of the older package');
    for (let i = 0; i < 200; i++) {
      const mutated = mutate(token, random);
      // Blanks around it are trimmed, and it is the same token.
      if (mutated.trim() === token) continue;
      expect([mutated, (await client.verify(mutated)).status]).toEqual([mutated, 400]);
    }
  });

  it('tell OPTIONS their fields', async () => {
    const { data } = await new Client(bench.settings).raw.options('/auth/');
    expect(Object.keys(data.actions.POST as object)).toEqual(['username', 'password']);
  });
});

describe('decoding', () => {
  it('is bound to one algorithm, audience and issuer (JO-011, JO-014)', async () => {
    const token = await jwtEncodeHandler({ username: 'alice', aud: 'a', iss: 'i' }, bench.settings);
    const payload = await jwtDecodeHandler(token, bench.with({ audience: ['a', 'b'], issuer: 'i' }));
    expect(payload).toMatchObject({ aud: 'a' });
    for (const options of [{}, { audience: 'b' }, { audience: 'a', issuer: 'x' }, { algorithm: 'HS512' }] as const) {
      const other = bench.with({ ...options, allowShortSecretKey: true });
      expect(() => jwtDecodeHandler(token, other)).toThrow(expect.objectContaining({ name: 'InvalidTokenError' }));
    }
  });

  it('has a leeway, and looks at the end unless it is told not to (JO-011)', async () => {
    const token = await jwtEncodeHandler({ exp: NOW }, bench.settings);
    expect(() => jwtDecodeHandler(token, bench.settings)).toThrow('expired');
    expect(await jwtDecodeHandler(token, bench.with({ leeway: 5 }))).toEqual({ exp: NOW });
    expect(await jwtDecodeHandler(token, bench.with({ verifyExpiration: false }))).toEqual({ exp: NOW });
    expect(() => jwtDecodeHandler('x', bench.settings)).toThrow(DecodeError);
  });
});
