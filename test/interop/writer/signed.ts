import { dumps, getCookieSigner, getToken, systemClock, withSession } from 'sallyport';
import { APIClient, FixedClock } from 'sallyport/testing';
import type { Manifest } from './manifest';
import type { Project } from './project';

const VALUES = [{ user: 42 }, ['ä ☃ 😀', null, true, 1.5], 'text', 17, {}, { long: 'again and '.repeat(50) }];
const SALTS = ['django.core.signing', 'invitation', 'Größe: ☃'];
const MAX_AGE = 86_400;

export function writeSigned({ secretKey: key }: Project): Manifest['signed'] {
  const entries = VALUES.flatMap((value) =>
    SALTS.flatMap((salt) =>
      [false, true].map((compress) => {
        return { signed: dumps(value, { key, salt, clock: systemClock, compress }), salt, value, max_age: MAX_AGE };
      }),
    ),
  );
  const [first] = entries as [(typeof entries)[number]];
  const late = new FixedClock(Date.now() - (MAX_AGE + 1) * 1000);
  const bad = [
    dumps(first.value, { key, clock: late }),
    dumps(first.value, { key, clock: systemClock, salt: 'other' }),
    dumps(first.value, { key: `${key}x`, clock: systemClock }),
    `x${first.signed}`,
    `${first.signed.slice(0, -2)}AA`,
    '',
  ];
  return [...entries, ...bad.map((signed) => ({ ...first, signed, accepted: false }))];
}

export function writeSignedCookies({ secretKey: key }: Project): Manifest['signed_cookies'] {
  const sign = (name: string, salt: string, value: string): string =>
    getCookieSigner({ key, salt: name + salt, clock: systemClock }).sign(value);
  const cookies = [
    { name: 'pref', salt: '', value: 'dark' },
    { name: 'pref', salt: 'extra', value: 'a:b' },
    { name: 'größe', salt: '☃', value: 'Jürgen 😀' },
  ];
  const good = cookies.map((cookie) => ({ ...cookie, cookie_value: sign(cookie.name, cookie.salt, cookie.value) }));
  const [first] = good as [(typeof good)[number]];
  return [
    ...good,
    { ...first, cookie_value: sign('other', '', 'dark'), accepted: false },
    { ...first, cookie_value: sign('pref', 'other', 'dark'), accepted: false },
    { ...first, cookie_value: first.cookie_value.replace('dark', 'pink'), accepted: false },
  ];
}

/** Pairs of a cookie and a token, as browsers get them. */
export async function writeCsrf({ settings }: Project): Promise<Manifest['csrf']> {
  const page = withSession(settings, async (request) => new Response(await getToken(request)));
  const pairs: { cookie: string; token: string }[] = [];
  for (let i = 0; i < 3; i++) {
    const client = new APIClient(page);
    const tokens = [await client.get('/'), await client.get('/')].map(({ text }) => text);
    const cookie = client.cookies.get('csrftoken')!;
    pairs.push(...tokens.map((token) => ({ cookie, token })));
  }
  const [first, , other] = pairs as [(typeof pairs)[number], unknown, (typeof pairs)[number]];
  const tokens = [other.token, first.token.slice(1), first.token.toUpperCase(), ''];
  return [...pairs, ...tokens.map((token) => ({ cookie: first.cookie, token, accepted: false }))];
}
