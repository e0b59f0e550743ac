import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  and,
  APIView,
  authtoken,
  defineSettings,
  handle,
  IsAuthenticated,
  or,
  path,
  PBKDF2PasswordHasher,
  Response,
  runChecks,
  TokenAuthentication,
  User,
  type AuthenticationClasses,
  type PermissionClasses,
  type Settings,
  type Token,
} from 'sallyport';
import type { APIKey } from 'sallyport/api-key';
import {
  AbstractAPIKey,
  apiKey,
  APIKeyAuthentication,
  apiKeyHashers,
  APIKeyUser,
  BaseHasAPIKey,
  createAPIKey,
  findAPIKey,
  HasAPIKey,
  KeyParser,
  revokeAPIKey,
  SHA512APIKeyHasher,
  type APIKeySettings,
} from 'sallyport/api-key';
import { APIClient, FixedClock, MemoryAPIKeyStore, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { samplesOf } from '../../interop/samples';
import { MeasuredHasher } from '../../support/measured-hasher';

const START = '2026-01-02T03:04:05Z';

let clock: FixedClock;
let store: MemoryAPIKeyStore;
let settings: Settings;
let key: string;
let row: AbstractAPIKey;

const withOptions = (options: Partial<APIKeySettings> = {}): Settings =>
  defineSettings(
    { clock, users: new MemoryUserStore() },
    apiKey({ store, ...options }),
    authtoken({ store: new MemoryTokenStore<Token<User>>() }),
  );

beforeEach(async () => {
  clock = new FixedClock(START);
  store = new MemoryAPIKeyStore();
  settings = withOptions();
  [row, key] = await createAPIKey(settings, { name: 'job' });
});

class Job extends APIView {
  static override authenticationClasses: AuthenticationClasses = [TokenAuthentication];
  static override permissionClasses: PermissionClasses = [HasAPIKey];
  override get(): Response {
    const { user, auth } = this.request;
    return new Response({ user: user?.pk ?? null, auth: (auth as APIKey | null)?.name ?? null });
  }
}

interface Attempt {
  readonly of?: Settings;
  readonly permissionClasses?: PermissionClasses;
  readonly authenticationClasses?: AuthenticationClasses;
}

async function send(headers: Record<string, string>, { of = settings, ...policies }: Attempt = {}) {
  const client = new APIClient(handle([path('/', Job.asView({ settings: of, ...policies }))]));
  const { status, data, headers: answered } = await client.get('/', null, { headers });
  return { status, data, challenge: answered.get('www-authenticate') };
}
const withKey = (text: string): Record<string, string> => ({ Authorization: `Api-Key ${text}` });

describe('a key', () => {
  it('is a prefix and a secret, shown once', () => {
    expect(key).toMatch(/^[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}$/);
    expect(JSON.stringify(row)).not.toContain(key.split('.')[1]);
    expect([row.prefix, row.id, String(row)]).toEqual([key.split('.')[0], `${row.prefix}.${row.hashedKey}`, 'job']);
    expect([row.revoked, row.expiryDate, row.created]).toEqual([false, null, new Date(START)]);
  });

  it('has a name of 1 to 50 characters', async () => {
    for (const name of ['', 'x'.repeat(51)]) {
      await expect(createAPIKey(settings, { name })).rejects.toThrow(RangeError);
    }
  });

  it('ends at its moment, by the settings or by itself', async () => {
    const lasting = withOptions({ keyLifetime: 60 });
    const [, short] = await createAPIKey(lasting, { name: 'short' });
    const [, long] = await createAPIKey(lasting, { name: 'long', expiryDate: null });
    clock.advance(59_999);
    expect(await findAPIKey(settings, short)).not.toBeNull();
    clock.advance(1);
    expect([await findAPIKey(settings, short), (await findAPIKey(settings, long))?.name]).toEqual([null, 'long']);
  });

  it('has no end that is no date, which would never come', async () => {
    const never = new Date('never');
    await expect(createAPIKey(settings, { name: 'x', expiryDate: never })).rejects.toThrow(RangeError);
    await expect(createAPIKey(withOptions({ keyLifetime: Number.NaN }), { name: 'x' })).rejects.toThrow(RangeError);
    row.expiryDate = never;
    expect(await findAPIKey(settings, key)).toBeNull();
  });

  it('is found in whole alone', async () => {
    const [prefix, secret] = key.split('.') as [string, string];
    expect(await findAPIKey(settings, key)).toBe(row);
    for (const other of [
      '',
      prefix,
      secret,
      `${prefix}.`,
      `.${secret}`,
      `${key}x`,
      key.slice(0, -1),
      `${prefix}${secret}`,
    ]) {
      expect(await findAPIKey(settings, other)).toBeNull();
    }
  });

  it('ends when it is called back', async () => {
    expect([await revokeAPIKey(settings, row.prefix), await revokeAPIKey(settings, row.prefix)]).toEqual([true, false]);
    expect(await findAPIKey(settings, key)).toBeNull();
  });

  it.each(samplesOf<{ key: string; hashed_key: string }, { ok: boolean }>('api_key.check'))(
    'of Django is read: $id',
    async ({ input, expect: { ok } }) => {
      await put(input.key, input.hashed_key);
      expect((await findAPIKey(settings, input.key)) !== null).toBe(ok);
    },
    30_000,
  );
});

async function put(text: string, hashedKey: string): Promise<AbstractAPIKey> {
  const prefix = text.slice(0, text.indexOf('.'));
  const id = `${prefix}.${hashedKey}`;
  return (await store.create({
    id,
    prefix,
    hashedKey,
    name: 'x',
    created: new Date(0),
    expiryDate: null,
    fields: {},
  }))!;
}

describe('the hash of a key', () => {
  const text = 'AbCdEfGh.0123456789abcdefABCDEF9876543210';
  const slow = new PBKDF2PasswordHasher({ iterations: 1000 });

  it('that is slow gives way to a quick one at the next use', async () => {
    const stored = await put(text, await slow.encode(text, 'a'.repeat(22)));
    expect(await findAPIKey(settings, `${text}x`)).toBeNull();
    expect(stored.hashedKey).toMatch(/^pbkdf2_sha256\$1000\$/);
    expect(await findAPIKey(settings, text)).toBe(stored);
    expect(stored.hashedKey).toMatch(/^pbkdf2_sha256\$1\$/);
    expect(await findAPIKey(settings, text)).toBe(stored);
  });

  it('stays slow for a secret that could be guessed', async () => {
    const short = 'AbCdEfGh.0123456789';
    const stored = await put(short, await slow.encode(short, 'a'.repeat(22)));
    expect(await findAPIKey(settings, short)).toBe(stored);
    expect(stored.hashedKey).toMatch(/^pbkdf2_sha256\$1000\$/);
  });

  it('of version 3 of the package is read, and stays', async () => {
    const hashedKey = await new SHA512APIKeyHasher().encode(text);
    expect(hashedKey).toMatch(/^sha512\$\$[0-9a-f]{128}$/);
    const stored = await put(text, hashedKey);
    expect([await findAPIKey(settings, `${text}x`), await findAPIKey(settings, text)]).toEqual([null, stored]);
    expect(stored.hashedKey).toBe(hashedKey);
  });

  it('can be made as version 3 makes it', async () => {
    const [, ...others] = apiKeyHashers;
    const [made, fresh] = await createAPIKey(withOptions({ hashers: [new SHA512APIKeyHasher(), ...others] }), {
      name: 'x',
    });
    expect(made.hashedKey).toMatch(/^sha512\$\$/);
    expect(await findAPIKey(settings, fresh)).toBe(made);
  });

  it('costs as much for an unknown prefix, and a key that was called back, as for a wrong key', async () => {
    const measured = new MeasuredHasher();
    const of = withOptions({ hashers: [measured] });
    const [made, fresh] = await createAPIKey(of, { name: 'x' });
    const costOf = (candidate: string): Promise<number> =>
      measured.during(async () => {
        expect(await findAPIKey(of, candidate)).toBeNull();
      });
    const wrong = await costOf(`${fresh}x`);
    expect(wrong).toBeGreaterThan(0);
    expect([await costOf('nobody00.x'), await costOf('x')]).toEqual([wrong, wrong]);
    await revokeAPIKey(of, made.prefix);
    expect(await costOf(fresh)).toBe(wrong);
  });
});

describe('HasAPIKey', () => {
  it('lets a request with a good key pass, and recognises nobody by it', async () => {
    expect(await send(withKey(key))).toMatchObject({ status: 200, data: { user: null, auth: null } });
  });

  it('reads the header as the package does', async () => {
    const refused = [
      '',
      'Api-Key',
      `api-key ${key}`,
      `Api-Key  ${key}`,
      `Bearer ${key}`,
      `Api-Key Api-Key ${key}`,
      `Api-Key ${key} x`,
    ];
    for (const Authorization of refused) {
      expect(await send({ Authorization })).toMatchObject({ status: 401, challenge: 'Token' });
    }
    // Whatever stands before the word is not looked at.
    expect((await send({ Authorization: `x, Api-Key ${key}` })).status).toBe(200);
  });

  it('reads a header of its own where the settings name one', async () => {
    const of = withOptions({ customHeader: 'HTTP_X_API_KEY' });
    expect((await send({ 'X-Api-Key': key }, { of })).status).toBe(200);
    for (const headers of [withKey(key), { 'X-Api-Key': `Api-Key ${key}` }, { 'X-Api-Key': '' }]) {
      expect((await send(headers, { of })).status).toBe(401);
    }
  });

  it('is joined with others', async () => {
    const either = { permissionClasses: [or(HasAPIKey, IsAuthenticated)] };
    const both = { permissionClasses: [and(HasAPIKey, IsAuthenticated)] };
    expect([(await send(withKey(key), either)).status, (await send(withKey(key), both)).status]).toEqual([200, 401]);
    expect((await send({}, either)).status).toBe(401);
  });

  it('looks a key up once, whatever it is asked about', async () => {
    let asked = 0;
    const counting = Object.assign(new MemoryAPIKeyStore(), {
      find: (...args: Parameters<typeof store.find>) => {
        asked++;
        return store.find(...args);
      },
    });
    class Objects extends APIView {
      override async get(): Promise<Response> {
        const permission = new HasAPIKey(this.settings);
        const answers = [
          await permission.hasPermission(this.request, this),
          await permission.hasObjectPermission(this.request, this, {}),
        ];
        return new Response(answers);
      }
    }
    const view = Objects.asView({ settings: withOptions({ store: counting }) });
    const client = new APIClient(handle([path('/', view)]));
    expect((await client.get('/', null, { headers: withKey(key) })).data).toEqual([true, true]);
    expect(asked).toBe(1);
  });

  it('may be of another class and another word', async () => {
    class TeamKey extends AbstractAPIKey {}
    class BearerKeyParser extends KeyParser {
      override readonly keyword: string = 'Bearer';
    }
    class HasTeamKey extends BaseHasAPIKey {
      override readonly model = TeamKey;
      override readonly keyParser = new BearerKeyParser();
    }
    const [, team] = await createAPIKey(settings, { name: 'red', model: TeamKey });
    const policies = { permissionClasses: [HasTeamKey] };
    const answers = [
      await send({ Authorization: `Bearer ${team}` }, policies),
      await send({ Authorization: `Bearer ${key}` }, policies),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 401]);
  });

  it('must name a class', async () => {
    class HasNothing extends BaseHasAPIKey {}
    const ask = (): unknown => new HasNothing(settings).hasPermission(null as never, null as never);
    expect(ask).toThrow('HasNothing must define `.model` with the API key model to use.');
  });
});

describe('APIKeyAuthentication', () => {
  const byKey: Attempt = { authenticationClasses: [APIKeyAuthentication], permissionClasses: [IsAuthenticated] };

  it('recognises a machine by its key, which is no user of the table', async () => {
    expect(await send(withKey(key), byKey)).toMatchObject({
      status: 200,
      data: { user: `api-key:${row.prefix}`, auth: 'job' },
    });
    const machine = new APIKeyUser(row);
    expect([machine.isAuthenticated, machine.isActive, machine.isStaff, machine.isSuperuser]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(await Promise.all([machine.hasPerm('a.b'), machine.hasPerms([]), machine.hasModulePerms('a')])).toEqual([
      false,
      false,
      false,
    ]);
    expect([String(machine), machine.isAnonymous, machine.id, machine.username]).toEqual([
      'API key job',
      false,
      null,
      '',
    ]);
  });

  it('refuses a wrong key, and is not attempted without one', async () => {
    const wrong = await send(withKey(`${key}x`), { ...byKey, permissionClasses: [] });
    expect(wrong).toEqual({ status: 401, data: { detail: 'Invalid API key.' }, challenge: 'Api-Key' });
    expect(await send({}, byKey)).toMatchObject({
      status: 401,
      data: { detail: 'Authentication credentials were not provided.' },
      challenge: 'Api-Key',
    });
  });

  it('recognises the user of a key that has one, unless they are inactive', async () => {
    class UserKey extends AbstractAPIKey {}
    class UserKeyAuthentication extends APIKeyAuthentication {
      override readonly model = UserKey;
    }
    const ann = Object.assign(new User(), { id: 7, username: 'ann' });
    const [, own] = await createAPIKey(settings, { name: 'of ann', model: UserKey, fields: { user: ann } });
    const policies: Attempt = { ...byKey, authenticationClasses: [UserKeyAuthentication] };
    expect(await send(withKey(own), policies)).toMatchObject({ status: 200, data: { user: 7, auth: 'of ann' } });
    ann.isActive = false;
    expect(await send(withKey(own), policies)).toMatchObject({
      status: 401,
      data: { detail: 'User inactive or deleted.' },
    });
  });
});

describe('the checks', () => {
  it('find that keys never end, and that there is no table of them', () => {
    const ids = (of: Settings, policies: Attempt = {}): string[] =>
      runChecks([path('/', Job.asView({ settings: of, ...policies }))], { deploy: true })
        .filter(({ where }) => where.includes('apiKey.keyLifetime'))
        .map(({ id }) => id);
    expect(ids(settings)).toEqual(['sallyport.W020']);
    expect(ids(settings, { permissionClasses: [], authenticationClasses: [APIKeyAuthentication] })).toEqual([
      'sallyport.W020',
    ]);
    expect(ids(withOptions({ keyLifetime: 86_400 }))).toEqual([]);
    expect(() => Job.asView({ settings: defineSettings() })).toThrow(/lack 'store'/);
  });
});
