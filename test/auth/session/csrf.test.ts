import { describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import {
  APIView,
  enforceCsrf,
  findCsrfFault,
  getSession,
  getToken,
  login,
  markCsrfChecked,
  PermissionDenied,
  rotateToken,
  SessionAuthentication,
} from 'sallyport';
import type { AuthenticationClasses, Handler, HostRequest } from 'sallyport';
import { APIRequestFactory, callView } from 'sallyport/testing';
import { call, serve } from '../../support/server';
import type { RequestOptions } from '../../support/server';
import { cookieHeader, cookiesOf, World } from '../../support/sessions';
import type { WorldOptions } from '../../support/sessions';

const secret = 'abcdefghijklmnopqrstuvwxyzABCDEF';
const token = 'ZYXWVUTSRQPONMLKJIHGFEDCBA987654ZZZZZZZZZZZZZZZZZZZZZZZZZZzzzzzz';
const otherToken = 'XEBDq6ramjyeiXBDKqRhkMeUbWUjiKb8QFCBkZhfnhrjl0rBInSamDgUcQRjeI6a';
const cookie = `csrftoken=${secret}`;
const secure = { 'X-Forwarded-Proto': 'https' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** Says what is wrong with a request: null for nothing. */
function checker(options: WorldOptions = {}): Handler {
  const world = new World({
    ...options,
    settings: { secureProxySslHeader: ['X-Forwarded-Proto', 'https'], ...options.settings },
  });
  return world.view(async (request) => ({ fault: await findCsrfFault(request) }));
}

const faultOf = async (request: RequestOptions, options?: WorldOptions): Promise<unknown> =>
  (await call(checker(options), { method: 'POST', ...request })).json.fault;

describe('the check of a request (D-179)', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])('passes a %s, which changes nothing (A-083)', async (method) => {
    expect((await call(checker(), { method })).status).toBe(200);
    expect(await faultOf({ method: 'GET', headers: { Origin: 'https://evil.example' } })).toBeNull();
  });

  it('wants a cookie, then a token (A-083)', async () => {
    expect(await faultOf({})).toBe('CSRF cookie not set.');
    expect(await faultOf({ headers: { 'X-CSRFToken': token } })).toBe('CSRF cookie not set.');
    expect(await faultOf({ headers: { cookie } })).toBe('CSRF token missing.');
    expect(await faultOf({ headers: { cookie, 'X-CSRFToken': token } })).toBeNull();
  });

  it('takes the bare secret too, and the cookies of Django 3, which hold tokens (A-091)', async () => {
    for (const [held, sent] of [
      [secret, secret],
      [token, token],
      [token, secret],
      [secret, token],
    ]) {
      expect(await faultOf({ headers: { cookie: `csrftoken=${held!}`, 'X-CSRFToken': sent } })).toBeNull();
    }
  });

  it.each([
    ['abc', 'has incorrect length'],
    ['', 'has incorrect length'],
    [secret.replace('a', '!'), 'has invalid characters'],
    [otherToken, 'incorrect'],
  ])('says what is wrong with the header %j, and names it as Python does', async (sent, fault) => {
    expect(await faultOf({ headers: { cookie, 'X-CSRFToken': sent } })).toBe(
      `CSRF token from the 'X-Csrftoken' HTTP header ${fault}.`,
    );
  });

  it.each([
    ['abc', 'has incorrect length'],
    [secret.replace('a', '!'), 'has invalid characters'],
    [otherToken, 'incorrect'],
  ])('says what is wrong with the form field %j; the header is not tried then (A-092)', async (sent, fault) => {
    const body = `csrfmiddlewaretoken=${encodeURIComponent(sent)}&a=1`;
    expect(await faultOf({ headers: { ...form, cookie, 'X-CSRFToken': token }, body })).toBe(
      `CSRF token from POST ${fault}.`,
    );
  });

  it('takes the form field, and the header where that is empty or absent (A-092)', async () => {
    const headers = { ...form, cookie };
    expect(await faultOf({ headers, body: `csrfmiddlewaretoken=${token}` })).toBeNull();
    for (const body of ['csrfmiddlewaretoken=', 'a=1']) {
      expect(await faultOf({ headers: { ...headers, 'X-CSRFToken': token }, body })).toBeNull();
      expect(await faultOf({ headers, body })).toBe('CSRF token missing.');
    }
  });

  it('reads the field of a POST only, and of a form only (A-092, D-181)', async () => {
    const body = `csrfmiddlewaretoken=${token}`;
    expect(await faultOf({ method: 'PUT', headers: { ...form, cookie }, body })).toBe('CSRF token missing.');
    expect(await faultOf({ method: 'PUT', headers: { cookie, 'X-CSRFToken': token } })).toBeNull();
    expect(await faultOf({ headers: { cookie }, body: { csrfmiddlewaretoken: token } })).toBe('CSRF token missing.');
    expect(await faultOf({ path: `/?${body}`, headers: { cookie } })).toBe('CSRF token missing.');
  });

  it.each([
    ['short', 'has incorrect length'],
    [secret.replace('a', '!'), 'has invalid characters'],
  ])('refuses the malformed cookie %j, and gives the browser a good one (A-095)', async (held, fault) => {
    const answer = await call(checker(), {
      method: 'POST',
      headers: { cookie: `csrftoken=${held}`, 'X-CSRFToken': token },
    });
    expect(answer.json.fault).toBe(`CSRF cookie ${fault}.`);
    expect(cookiesOf(answer)['csrftoken']).toMatch(/^[a-zA-Z0-9]{32};/);
    expect(answer.headers['vary']).toBe('Cookie');
  });

  it('lets an origin decide before the token is looked at (A-083, A-084)', async () => {
    const good = { cookie, 'X-CSRFToken': token, Host: 'testserver' };
    const evil = 'http://evil.example';
    expect(await faultOf({ headers: { ...good, Origin: 'http://testserver' } })).toBeNull();
    for (const Origin of [evil, 'null', 'https://testserver']) {
      expect(await faultOf({ headers: { ...good, Origin } })).toBe(
        `Origin checking failed - ${Origin} does not match any trusted origins.`,
      );
    }
    expect(await faultOf({ headers: { ...good, Origin: evil } }, { csrf: { trustedOrigins: [evil] } })).toBeNull();
    expect(await faultOf({ headers: { Origin: evil } })).toContain('Origin checking failed');
  });

  it('wants a referer by https only, and none where an origin came (A-085, A-086)', async () => {
    const good = { cookie, 'X-CSRFToken': token, Host: 'testserver' };
    expect(await faultOf({ headers: good })).toBeNull();
    expect(await faultOf({ headers: { ...good, ...secure } })).toBe('Referer checking failed - no Referer.');
    expect(await faultOf({ headers: { ...good, ...secure, Referer: 'https://testserver/x' } })).toBeNull();
    expect(await faultOf({ headers: { ...good, ...secure, Referer: 'https://evil.example/' } })).toBe(
      'Referer checking failed - https://evil.example/ does not match any trusted origins.',
    );
    expect(await faultOf({ headers: { ...good, ...secure, Origin: 'https://testserver' } })).toBeNull();
    const trusted = { csrf: { trustedOrigins: ['https://*.example.org'] } };
    expect(await faultOf({ headers: { ...good, ...secure, Referer: 'https://a.example.org/' } }, trusted)).toBeNull();
  });

  it('lets the domain that shares the cookie be the site, with its port (A-086)', async () => {
    const headers = { cookie, 'X-CSRFToken': token, ...secure };
    const shared = { csrf: { cookieDomain: '.example.com' } };
    const from = (host: string, Referer: string, options: WorldOptions): Promise<unknown> =>
      faultOf({ headers: { ...headers, Host: host, Referer } }, options);
    expect(await from('api.example.com', 'https://www.example.com/', shared)).toBeNull();
    expect(await from('api.example.com:8443', 'https://www.example.com:8443/', shared)).toBeNull();
    expect(await from('api.example.com:8443', 'https://www.example.com/', shared)).toContain('does not match');
    expect(await from('api.example.com', 'https://www.example.com/', {})).toContain('does not match');
  });

  it('believes no host that the site does not answer for (A-088)', async () => {
    const headers = { cookie, 'X-CSRFToken': token, Host: 'evil.example' };
    const options: WorldOptions = { settings: { allowedHosts: ['.example.com'] } };
    expect(await faultOf({ headers: { ...headers, Origin: 'http://evil.example' } }, options)).toContain('Origin');
    expect(await faultOf({ headers: { ...headers, ...secure, Referer: 'https://evil.example/' } }, options)).toContain(
      'does not match',
    );
    const good = { ...headers, Host: 'api.example.com', Origin: 'http://api.example.com' };
    expect(await faultOf({ headers: good }, options)).toBeNull();
  });

  it('takes the host that a trusted proxy names (A-088)', async () => {
    const headers = {
      cookie,
      'X-CSRFToken': token,
      Host: 'internal',
      'X-Forwarded-Host': 'api.example.com',
      Origin: 'http://api.example.com',
    };
    expect(await faultOf({ headers }, { settings: { useXForwardedHost: true } })).toBeNull();
    expect(await faultOf({ headers })).toContain('Origin checking failed');
  });

  it('reads the header that the settings name', async () => {
    const options: WorldOptions = { csrf: { headerName: 'HTTP_X_XSRF_TOKEN', cookieName: 'XSRF-TOKEN' } };
    const headers = { cookie: `XSRF-TOKEN=${secret}` };
    expect(await faultOf({ headers: { ...headers, 'X-XSRF-Token': token } }, options)).toBeNull();
    expect(await faultOf({ headers: { ...headers, 'X-XSRF-Token': 'x' } }, options)).toBe(
      "CSRF token from the 'X-Xsrf-Token' HTTP header has incorrect length.",
    );
    expect(await faultOf({ headers: { ...headers, 'X-CSRFToken': token } }, options)).toBe('CSRF token missing.');
  });

  it('is not made twice, after the host has made it (D-182)', async () => {
    const inner = checker();
    const answer = await call(
      async (request, response) => {
        markCsrfChecked(request);
        await inner(request, response);
      },
      { method: 'POST' },
    );
    expect(answer.json.fault).toBeNull();
  });

  it('passes requests of the test factory, unless they ask for it (D-183)', async () => {
    const view = checker();
    const faultFrom = async (factory: APIRequestFactory): Promise<unknown> =>
      (await callView(view, factory.post('/', {}, { format: 'json' }))).data.fault;
    expect(await faultFrom(new APIRequestFactory())).toBeNull();
    expect(await faultFrom(new APIRequestFactory({ enforceCsrfChecks: true }))).toBe('CSRF cookie not set.');
  });

  it('survives a client that goes away in the middle of its form (A-099)', async () => {
    const world = new World();
    const user = await world.createUser();
    const session = await call(world.plain((request) => login(request, user)));
    const view = world.view(() => null);
    let ended = (): void => undefined;
    const finished = new Promise<void>((resolve) => (ended = resolve));
    const server = await serve(async (request, response) => {
      await view(request, response);
      ended();
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      `POST / HTTP/1.1\r\nHost: testserver\r\nCookie: ${cookieHeader(session)}\r\n` +
        'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na=1',
      () => setTimeout(() => socket.destroy(), 50),
    );
    await finished;
    const next = server.request({ headers: { cookie: cookieHeader(session) } });
    expect((await next.finally(() => server.close())).status).toBe(200);
    expect(world.log.errors).toEqual([]);
  });
});

describe('a handler of the host', () => {
  const world = new World();
  const plain = world.plain(async (request) => enforceCsrf(request));

  it('is protected by the header, and answers as a view would (S-100, S-102)', async () => {
    const refused = await call(plain, { method: 'POST', headers: { cookie } });
    expect([refused.status, refused.json]).toEqual([403, { detail: 'CSRF Failed: CSRF token missing.' }]);
    expect((await call(plain, { method: 'POST', headers: { cookie, 'X-CSRFToken': token } })).status).toBe(204);
  });

  it('is protected by the field of a form that the host has parsed, and of nothing else', async () => {
    const parsed = (type: string, body: unknown): HostRequest => ({
      method: 'POST',
      headers: { cookie, 'content-type': type },
      body,
    });
    const faultWith = async (request: HostRequest): Promise<unknown> => findCsrfFault(request, world.settings);
    const urlencoded = 'application/x-www-form-urlencoded';
    expect(await faultWith(parsed(urlencoded, { csrfmiddlewaretoken: token }))).toBeNull();
    expect(await faultWith(parsed('multipart/form-data; boundary=x', { csrfmiddlewaretoken: token }))).toBeNull();
    expect(await faultWith(parsed(urlencoded, { csrfmiddlewaretoken: otherToken }))).toBe(
      'CSRF token from POST incorrect.',
    );
    for (const request of [
      parsed('application/json', { csrfmiddlewaretoken: token }),
      parsed(urlencoded, { csrfmiddlewaretoken: [token] }),
      parsed(urlencoded, null),
      parsed(urlencoded, undefined),
    ]) {
      expect(await faultWith(request)).toBe('CSRF token missing.');
    }
  });

  it('may also be a view, behind a parser of the host', async () => {
    const inner = checker();
    const answer = await call(
      async (request, response) => {
        for await (const _chunk of request as unknown as AsyncIterable<Buffer>) void _chunk;
        await inner(Object.assign(request, { body: { csrfmiddlewaretoken: token } }), response);
      },
      { method: 'POST', headers: { ...form, cookie }, body: `csrfmiddlewaretoken=${token}` },
    );
    expect(answer.json.fault).toBeNull();
  });

  it('rejects with an error that says 403', async () => {
    const request = { method: 'POST', headers: {} };
    await expect(enforceCsrf(request, world.settings)).rejects.toThrow(PermissionDenied);
  });
});

describe('getToken', () => {
  it('makes a secret, sets its cookie, and gives a token of it (A-089, A-090, A-094)', async () => {
    const world = new World();
    const answer = await call(world.view((request) => getToken(request)));
    expect(answer.headers['vary']).toBe('Cookie');
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^csrftoken=[a-zA-Z0-9]{32}; expires=Tue, 12 Nov 2024 22:13:20 GMT; Max-Age=31449600; Path=\/; SameSite=Lax$/,
      ),
    ]);
    expect(answer.json).toMatch(/^[a-zA-Z0-9]{64}$/);
    const headers = { cookie: cookieHeader(answer), 'X-CSRFToken': answer.json as string };
    expect(await faultOf({ headers })).toBeNull();
  });

  it('keeps the secret that the browser has, and renews its cookie (A-094)', async () => {
    const world = new World();
    for (const held of [secret, token]) {
      const headers = { cookie: `csrftoken=${held}` };
      const answer = await call(
        world.view(async (request) => [await getToken(request), await getToken(request)]),
        { headers },
      );
      const [first, second] = answer.json as [string, string];
      expect(first).not.toBe(second);
      expect(answer.headers['set-cookie']).toEqual([expect.stringContaining(`csrftoken=${secret};`)]);
      expect(await faultOf({ headers: { ...headers, 'X-CSRFToken': first } })).toBeNull();
    }
  });

  it('replaces a malformed one (A-095)', async () => {
    const answer = await call(
      new World().view((request) => getToken(request)),
      { headers: { cookie: 'csrftoken=short' } },
    );
    expect(cookiesOf(answer)['csrftoken']).toMatch(/^[a-zA-Z0-9]{32};/);
  });

  it('has the cookie that the settings describe (A-094)', async () => {
    const world = new World({
      csrf: {
        cookieName: 'xsrf',
        cookieAge: null,
        cookieDomain: 'example.com',
        cookiePath: '/app',
        cookieSecure: true,
        cookieHttponly: true,
        cookieSamesite: 'Strict',
      },
    });
    const answer = await call(world.plain((request) => getToken(request)));
    expect(cookiesOf(answer)['xsrf']).toMatch(
      /^\w{32}; Domain=example\.com; HttpOnly; Path=\/app; SameSite=Strict; Secure$/,
    );
  });

  it('sets no cookie where nobody asks for a token (A-094)', async () => {
    const answer = await call(checker(), { method: 'POST', headers: { cookie, 'X-CSRFToken': token } });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });
});

describe('rotateToken', () => {
  it('makes all former tokens worthless (A-096)', async () => {
    const world = new World();
    const answer = await call(
      world.view(async (request) => {
        const before = await getToken(request);
        await rotateToken(request);
        return [before, await getToken(request)];
      }),
      { headers: { cookie } },
    );
    const [before, after] = answer.json as [string, string];
    const held = cookieHeader(answer);
    expect(answer.headers['set-cookie']).toHaveLength(1);
    expect(held).not.toContain(secret);
    expect(await faultOf({ headers: { cookie: held, 'X-CSRFToken': after } })).toBeNull();
    expect(await faultOf({ headers: { cookie: held, 'X-CSRFToken': before } })).toContain('incorrect');
  });
});

describe('a secret in the session', () => {
  const world = new World({ csrf: { useSessions: true } });
  const issue = world.view((request) => getToken(request));
  const check = world.view(async (request) => ({ fault: await findCsrfFault(request) }));

  it('needs no cookie of its own (A-089)', async () => {
    const answer = await call(issue);
    expect(Object.keys(cookiesOf(answer))).toEqual(['sessionid']);
    const headers = { cookie: cookieHeader(answer), 'X-CSRFToken': answer.json as string };
    expect((await call(check, { method: 'POST', headers })).json.fault).toBeNull();
    const again = await call(issue, { headers });
    expect(again.headers['set-cookie']).toBeUndefined();
    expect((await call(check, { method: 'POST', headers: { ...headers, 'X-CSRFToken': again.json } })).json.fault).toBe(
      null,
    );
  });

  it('is asked for instead of the cookie', async () => {
    const answer = await call(check, { method: 'POST', headers: { cookie, 'X-CSRFToken': token } });
    expect(answer.json.fault).toBe('CSRF cookie not set.');
  });

  it('stands where Django looks for it', async () => {
    const answer = await call(
      world.view(async (request) => {
        await getToken(request);
        return (await getSession(request)).get('_csrftoken');
      }),
    );
    expect(answer.json).toMatch(/^[a-zA-Z0-9]{32}$/);
  });

  it('lets the domain of the session cookie be the site (A-086)', async () => {
    const shared = new World({
      csrf: { useSessions: true },
      session: { cookieDomain: '.example.com' },
      settings: { secureProxySslHeader: ['X-Forwarded-Proto', 'https'] },
    });
    const answer = await call(
      shared.view(async (request) => ({ fault: await findCsrfFault(request) })),
      {
        method: 'POST',
        headers: { ...secure, Host: 'api.example.com', Referer: 'https://www.example.com/' },
      },
    );
    expect(answer.json.fault).toBe('CSRF cookie not set.');
  });
});

describe('trusted origins', () => {
  it('without a scheme stop the app from starting (A-087)', () => {
    const world = new World({ csrf: { trustedOrigins: ['https://example.com', 'example.org'] } });
    class Guarded extends APIView {
      static override settings = world.settings;
      static override authenticationClasses: AuthenticationClasses = [SessionAuthentication];
    }
    expect(() => Guarded.asView()).toThrow("trustedOrigins: ['https://example.org']");
  });
});
