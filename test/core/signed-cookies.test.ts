import { describe, expect, it } from '@jest/globals';
import {
  APIView,
  defineSettings,
  getSignedCookie,
  ImproperlyConfigured,
  Response,
  setSignedCookie,
  type Request,
  type SettingsInput,
  type SignedCookie,
  type SignedCookieOptions,
} from 'sallyport';
import { APIClient, FixedClock } from 'sallyport/testing';

// Recorded from Django: response.set_signed_cookie('pref', 'dark'), and the same with salt='extra'.
const secretKey = 'sallyport-interop-secret-key-0123456789abcdef';
const now = 1_772_366_400_000;
const recorded = {
  plain: 'dark:1vwfSq:0KOvw4PN2Ec6DxbSAS7vCfLzCJeJDXRe_dGUcZGkh4E',
  salted: 'dark:1vwfSq:IOLQXyRxnt24l-wdSUJwcemnT4FAt7A9gSs8p3mt50Q',
};

interface Wanted {
  readonly set?: SignedCookie;
  readonly get?: SignedCookieOptions;
  readonly settings?: SettingsInput;
}

/** An app that sets the cookie at POST, and shows it at GET. */
function clientOf({ set = { value: 'dark' }, get, settings }: Wanted = {}): APIClient {
  class Preference extends APIView {
    static override settings = defineSettings({ secretKey, clock: new FixedClock(now), ...settings });
    override get(request: Request): Response {
      return new Response(getSignedCookie(request, 'pref', get));
    }
    override post(request: Request): globalThis.Response {
      setSignedCookie(request, 'pref', set);
      return new globalThis.Response(null, { status: 204 });
    }
  }
  return new APIClient(Preference.asView());
}

async function cookieOf(wanted: Wanted): Promise<string | null> {
  const { headers } = await clientOf(wanted).post('/');
  return headers.get('Set-Cookie');
}

async function valueOf(cookie: string, wanted: Wanted = {}): Promise<unknown> {
  const client = clientOf(wanted);
  client.credentials({ Cookie: cookie });
  return (await client.get('/')).data;
}

describe('a signed cookie', () => {
  it('is that of Django, in both directions', async () => {
    expect(await cookieOf({})).toBe(`pref=${recorded.plain}; Path=/`);
    expect(await cookieOf({ set: { value: 'dark', salt: 'extra' } })).toBe(`pref=${recorded.salted}; Path=/`);
    expect(await valueOf(`pref=${recorded.plain}`)).toBe('dark');
    expect(await valueOf(`pref=${recorded.salted}`, { get: { salt: 'extra' } })).toBe('dark');
  });

  it('has the attributes that are asked for', async () => {
    const set = { value: 'dark', maxAge: 60, httpOnly: true, secure: true, sameSite: 'Lax' } as const;
    expect(await cookieOf({ set })).toBe(
      `pref=${recorded.plain}; expires=Sun, 01 Mar 2026 12:01:00 GMT; HttpOnly; Max-Age=60; Path=/; SameSite=Lax; Secure`,
    );
  });

  it.each([
    ['absent', 'other=1'],
    ['changed', `pref=${recorded.plain.replace('dark', 'root')}`],
    ['cut', `pref=${recorded.plain.slice(0, -1)}`],
    ['not signed', 'pref=dark'],
    ['signed for something else', `pref=${recorded.salted}`],
    ['under another name', `prefextra=${recorded.plain}`],
  ])('has no value where it is %s', async (_name, cookie) => {
    expect(await valueOf(cookie)).toBeNull();
  });

  it('has no value when it is too old', async () => {
    const after = (seconds: number): Promise<unknown> => {
      const settings = { clock: new FixedClock(now + seconds * 1000) };
      return valueOf(`pref=${recorded.plain}`, { get: { maxAge: 60 }, settings });
    };
    expect(await after(60)).toBe('dark');
    expect(await after(61)).toBeNull();
  });

  it('is read with a secret of before', async () => {
    const cookie = `pref=${recorded.plain}`;
    expect(await valueOf(cookie, { settings: { secretKey: 'new', secretKeyFallbacks: [secretKey] } })).toBe('dark');
    expect(await valueOf(cookie, { settings: { secretKey: 'new' } })).toBeNull();
  });

  it('needs a secret', async () => {
    const settings = { secretKey: null };
    await expect(clientOf({ settings }).post('/')).rejects.toThrow(ImproperlyConfigured);
    await expect(valueOf(`pref=${recorded.plain}`, { settings })).rejects.toThrow('secretKey');
  });
});
