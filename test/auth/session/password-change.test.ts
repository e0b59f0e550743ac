import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  APIException,
  APIView,
  defineSettings,
  handle,
  ImproperlyConfigured,
  openSession,
  PasswordChangeView,
  path,
  Response,
  runChecks,
  session,
  sessionUrls,
} from 'sallyport';
import type { Handler, PasswordValidator, Request, User } from 'sallyport';
import { APIClient, MemorySessionStore } from 'sallyport/testing';
import type { TestResponse } from 'sallyport/testing';
import { nameOf, World } from '../../support/sessions';
import type { WorldOptions } from '../../support/sessions';

const URL = '/auth/password_change/';
const NEW = 'a-new-and-long-one';
const page = { headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };
const change = (fields: object = {}): Record<string, string> => ({
  old_password: 'secret',
  new_password1: NEW,
  new_password2: NEW,
  ...fields,
});

type Site = World & { readonly app: Handler };

async function createApp(options: WorldOptions = {}): Promise<Site> {
  const world = new World(options);
  await world.createUser();
  const { settings } = world;
  class WhoAmI extends APIView {
    static override settings = settings;
    override get(request: Request): Response {
      return new Response({ name: nameOf(request.user) });
    }
  }
  const routes = [
    path('/auth', sessionUrls(settings)),
    path(URL, PasswordChangeView.asView({ settings })),
    path('/whoami', WhoAmI.asView()),
  ];
  return Object.assign(world, { app: handle(routes) });
}

/** A browser that asks for tokens as a real one must. */
const browser = ({ app, clock }: Site): APIClient => new APIClient(app, { enforceCsrfChecks: true, clock });
const whoIs = async (client: APIClient): Promise<unknown> => (await client.get('/whoami')).data.name;
const withToken = async (client: APIClient): Promise<{ format: 'json'; headers: Record<string, string> }> => ({
  format: 'json',
  headers: { 'X-CSRFToken': (await client.get('/auth/csrf/')).data.csrfToken },
});

async function loggedIn(site: Site, password = 'secret'): Promise<APIClient> {
  const client = browser(site);
  const answer = await client.post('/auth/login/', { username: 'ann', password }, await withToken(client));
  expect(answer.status).toBe(200);
  return client;
}

const send = async (client: APIClient, fields: unknown = change()): Promise<TestResponse> =>
  client.post(URL, fields, await withToken(client));

/** Fills in the form of the page as a person does. */
async function fillIn(client: APIClient, fields: object, url = URL): Promise<TestResponse> {
  const form = await client.get(url, {}, page);
  const csrfmiddlewaretoken = /name="csrfmiddlewaretoken" value="(\w{64})"/.exec(form.text)![1]!;
  return client.post(url, { csrfmiddlewaretoken, ...fields }, { format: 'multipart', ...page });
}

let site: Site;
beforeEach(async () => {
  site = await createApp();
});

describe('programs', () => {
  it('change a password, keep their session under a new key, and end all others', async () => {
    const [client, other] = [await loggedIn(site), await loggedIn(site)];
    const key = client.cookies.get('sessionid')!;
    const answer = await send(client);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('cache-control')).toContain('no-store');
    expect([await whoIs(client), await whoIs(other)]).toEqual(['ann', '']);
    expect(client.cookies.get('sessionid')).not.toBe(key);
    expect((await openSession(site.settings, key)).isEmpty).toBe(true);
    expect(await whoIs(await loggedIn(site, NEW))).toBe('ann');
  });

  it('are told all that is wrong, in the words of Django’s form', async () => {
    const client = await loggedIn(site);
    const required = ['This field is required.'];
    const wrong = ['Your old password was entered incorrectly. Please enter it again.'];
    const cases: [unknown, object][] = [
      [{}, { old_password: required, new_password1: required, new_password2: required }],
      [[], { old_password: required, new_password1: required, new_password2: required }],
      [change({ old_password: '' }), { old_password: required }],
      [change({ old_password: 'wrong' }), { old_password: wrong }],
      [change({ old_password: ' secret ' }), { old_password: wrong }],
      [change({ new_password2: 'another' }), { new_password2: ['The two password fields didn’t match.'] }],
      [
        change({ old_password: 'wrong', new_password1: '12345', new_password2: '12345' }),
        {
          old_password: wrong,
          new_password2: [
            'This password is too short. It must contain at least 8 characters.',
            'This password is too common.',
            'This password is entirely numeric.',
          ],
        },
      ],
    ];
    for (const [fields, errors] of cases) {
      const answer = await send(client, fields);
      expect([answer.status, answer.data]).toEqual([400, errors]);
    }
    expect(await whoIs(await loggedIn(site))).toBe('ann');
  });

  it('may have a password with blanks around it', async () => {
    const spaced = `  ${NEW}  `;
    expect((await send(await loggedIn(site), change({ new_password1: spaced, new_password2: spaced }))).status).toBe(
      204,
    );
    expect(await whoIs(await loggedIn(site, spaced))).toBe('ann');
  });

  it('learn the fields by OPTIONS', async () => {
    const answer = await (await loggedIn(site)).options(URL);
    expect(answer.data.actions.POST).toEqual({
      old_password: { type: 'string', required: true, read_only: false, label: 'Old password' },
      new_password1: { type: 'string', required: true, read_only: false, label: 'New password' },
      new_password2: { type: 'string', required: true, read_only: false, label: 'New password confirmation' },
    });
  });
});

describe('the view', () => {
  it.each(['get', 'post', 'options'] as const)('answers nobody who is not logged in: %s', async (method) => {
    const client = browser(site);
    const answer = await client[method](URL, {}, await withToken(client));
    expect([answer.status, answer.data.detail]).toEqual([403, 'Authentication credentials were not provided.']);
  });

  it('wants a CSRF token, by JSON too', async () => {
    const client = await loggedIn(site);
    for (const format of ['json', 'multipart'] as const) {
      const answer = await client.post(URL, change(), { format });
      expect([answer.status, answer.data.detail]).toEqual([403, 'CSRF Failed: CSRF token missing.']);
    }
    expect(await whoIs(await loggedIn(site))).toBe('ann');
  });

  it('tells the rules of the app once the password is stored', async () => {
    const heard: unknown[] = [];
    const rule: PasswordValidator = {
      validate: (password, user) => void heard.push(['validate', password, nameOf(user as User)]),
      getHelpText: () => 'Any <will> do.',
      async passwordChanged(password, user) {
        const stored = await site.users.authenticate({ username: 'ann', password });
        heard.push(['changed', password, nameOf(user as User), nameOf(stored)]);
      },
    };
    site = await createApp({ settings: { passwordValidators: [rule] } });
    const client = await loggedIn(site);
    expect((await client.get(URL, {}, page)).text).toContain('<li>Any &lt;will&gt; do.</li>');
    await send(client);
    expect(heard).toEqual([
      ['validate', NEW, 'ann'],
      ['changed', NEW, 'ann', 'ann'],
    ]);
  });

  it('stops the app from starting where passwords can’t be stored', () => {
    const { users } = site;
    const readOnly = { get: users.get.bind(users), getByNaturalKey: users.getByNaturalKey.bind(users) };
    const settings = defineSettings(
      { users: { ...readOnly, authenticate: () => null }, secretKey: 'x' },
      session({ store: new MemorySessionStore() }),
    );
    expect(() => PasswordChangeView.asView({ settings })).toThrow(ImproperlyConfigured);
    expect(() => PasswordChangeView.asView({ settings: defineSettings() })).toThrow("lack 'store'");
  });

  it('is looked at by the checks of an app', async () => {
    const { settings } = new World({ settings: { defaultThrottleRates: { failed_login: null } } });
    const found = runChecks([path(URL, PasswordChangeView.asView({ settings }))], { deploy: true });
    expect(found.filter(({ id }) => id === 'sallyport.W009')).toMatchObject([
      { where: `PasswordChangeView at ${URL}` },
    ]);
    expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(['sallyport.W010', 'sallyport.W011']));
  });
});

describe('people', () => {
  it('get a form, change the password with it, and are sent on', async () => {
    const client = await loggedIn(site);
    const form = await client.get(URL, {}, page);
    expect(form.text).toContain('<h1>Password change</h1>');
    expect(form.text).toContain('<label for="id_new_password2">New password confirmation:</label>');
    expect(form.text).toContain('<li>Your password can’t be entirely numeric.</li>');
    const answer = await fillIn(client, change());
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/accounts/profile/']);
    expect(await whoIs(client)).toBe('ann');
    expect(await whoIs(await loggedIn(site, NEW))).toBe('ann');
  });

  it('are sent to a place on this site alone', async () => {
    const goes = async (next: string): Promise<string | null> => {
      site = await createApp();
      return (await fillIn(await loggedIn(site), { ...change(), next })).headers.get('location');
    };
    expect([await goes('/me'), await goes('//evil.example')]).toEqual(['/me', '/accounts/profile/']);
  });

  it('see the form once more with what was wrong, and no password in it', async () => {
    const client = await loggedIn(site);
    const answer = await fillIn(client, change({ old_password: 'hunter2-old', new_password2: 'hunter2-new' }));
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/name="old_password"[^<]*><\/p>\n<ul><li>Your old password was entered incorrectly/);
    expect(answer.text).toMatch(/name="new_password2"[^<]*><\/p>\n<ul><li>The two password fields/);
    for (const password of ['hunter2', NEW]) expect(answer.text).not.toContain(password);
  });

  it('see why nobody is let in without a log in', async () => {
    const answer = await browser(site).get(URL, {}, page);
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('credentials were not provided.')]);
    expect(answer.text).not.toContain('<form');
  });
});

describe('guesses at the old password', () => {
  const rates: WorldOptions = { settings: { defaultThrottleRates: { failed_login: '3/min' }, numProxies: 0 } };
  const guess = change({ old_password: 'guess' });

  beforeEach(async () => {
    site = await createApp(rates);
  });

  it('are limited from the start, on the page too, together with those at the log in', async () => {
    const client = await loggedIn(site);
    expect((await send(client, guess)).status).toBe(400);
    expect((await fillIn(client, guess)).status).toBe(200);
    const stranger = browser(site);
    const body = { username: 'ann', password: 'guess' };
    expect((await stranger.post('/auth/login/', body, await withToken(stranger))).status).toBe(400);
    expect((await send(client)).status).toBe(429);
    site.clock.advance(61_000);
    expect((await send(client)).status).toBe(204);
  });

  it('that are right use nothing up, nor do pages of other sites', async () => {
    const client = await loggedIn(site);
    for (let i = 0; i < 5; i++) expect((await client.post(URL, guess, { format: 'json' })).status).toBe(403);
    let old = 'secret';
    for (let i = 0; i < 5; i++) {
      const next = `${NEW}-${String(i)}`;
      const fields = { old_password: old, new_password1: next, new_password2: next };
      expect((await send(client, fields)).status).toBe(204);
      old = next;
    }
  });

  it('count whatever status the app gives them', async () => {
    const exceptionHandler = (error: unknown): Response | null =>
      error instanceof APIException
        ? new Response({}, { status: error.statusCode === 400 ? 422 : error.statusCode })
        : null;
    site = await createApp({ settings: { ...rates.settings, exceptionHandler } });
    const client = await loggedIn(site);
    for (let i = 0; i < 3; i++) expect((await send(client, guess)).status).toBe(422);
    expect((await send(client)).status).toBe(429);
  });

  it('made all at once do not pass together', async () => {
    const client = await loggedIn(site);
    const options = await withToken(client);
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.post(URL, guess, options)));
    const count = (wanted: number): number => answers.filter(({ status }) => status === wanted).length;
    expect([count(400), count(429)]).toEqual([3, 5]);
  });
});
