import { beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  APIView,
  AuthenticationFailed,
  handle,
  or,
  IsAdminUser,
  path,
  Response,
  type Settings,
  type User,
} from 'sallyport';
import {
  createAuthToken,
  hashToken,
  TokenAuthentication,
  tokenHasScopes,
  type AuthToken,
  type KnoxSettings,
} from 'sallyport/knox';
import { APIClient, MemoryKnoxStore } from 'sallyport/testing';
import { basic, openWorld, type World } from './support';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
const seconds = (count: number): void => world.clock.advance(count * 1000);

describe('a token in the header', () => {
  it('lets its user in, whatever the case of the word before it (K-020, K-027)', async () => {
    const token = await world.token('ann');
    for (const word of ['Token', 'token', 'TOKEN']) {
      const { status, data } = await world.send(`${word} ${token}`);
      expect([status, data.user, data.key]).toEqual([200, 'ann', token.slice(0, 15)]);
    }
  });

  it.each([null, 'Basic x', 'Bearer x', ''])('is not attempted with the header %j (K-021, K-026)', async (header) => {
    const { status, data, headers } = await world.send(header);
    expect([status, data.detail]).toEqual([401, 'Authentication credentials were not provided.']);
    expect(headers.get('www-authenticate')).toBe('Token');
  });

  it.each([
    ['K-022', 'Token', 'Invalid token header. No credentials provided.'],
    ['K-023', 'Token a b', 'Invalid token header. Token string should not contain spaces.'],
    ['K-024', `Token ${'f'.repeat(64)}`, 'Invalid token.'],
    ['K-024', 'Token abc', 'Invalid token.'],
    ['K-024', 'Token z', 'Invalid token.'],
    ['K-037', 'Token \xff\xfe', 'Invalid token header. Token string should not contain invalid characters.'],
  ])('is refused (%s, K-026): %j', async (_row, header, detail) => {
    await world.token('ann');
    const { status, data, headers } = await world.send(header);
    expect([status, data.detail, headers.get('www-authenticate')]).toEqual([401, detail, 'Token']);
  });

  it('is taken from the header alone (K-113)', async () => {
    const token = await world.token('ann');
    const client = new APIClient(handle([path('/', Everybody.asView({ settings: world.settings }))]));
    for (const query of [{ token }, { auth_token: token }, { Authorization: `Token ${token}` }]) {
      expect((await client.get('/', query)).data).toEqual({ user: '' });
    }
  });

  it('of an inactive user is refused from the moment on (K-025, K-112)', async () => {
    const token = await world.token('ann');
    world.ann.isActive = false;
    expect((await world.send(`Token ${token}`)).data.detail).toBe('User inactive or deleted.');
  });

  it('is compared in whole, and with each row of its key (K-028)', async () => {
    const key = '0123456789abcde';
    const add = (user: User, text: string): AuthToken<User> =>
      world.store.add({
        digest: hashToken(text),
        tokenKey: key,
        user,
        created: new Date(0),
        expiry: null,
        fields: {},
        details: null,
      });
    add(world.ann, `${key}one`);
    add(world.bob, `${key}two`);
    expect((await world.send(`Token ${key}two`)).data.user).toBe('bob');
    expect((await world.send(`Token ${key}one`)).data.user).toBe('ann');
    for (const other of ['', 'tw', 'twoo', 'TWO', 'three']) {
      expect((await world.send(`Token ${key}${other}`)).status).toBe(401);
    }
  });

  it('has another word before it where the settings say so (K-039, K-083)', async () => {
    const settings = world.with({ authHeaderPrefix: 'Bearer' });
    const token = await world.token('ann');
    expect((await world.send(`bearer ${token}`, '/me/', settings)).status).toBe(200);
    const { status, data, headers } = await world.send(`Token ${token}`, '/me/', settings);
    expect([status, data.detail, headers.get('www-authenticate')]).toEqual([
      401,
      'Authentication credentials were not provided.',
      'Bearer',
    ]);
  });

  it('goes on working when the prefix of new ones changes (K-038, K-086)', async () => {
    const prefixed = world.with({ tokenPrefix: 'kx_' });
    const [before, after] = [await world.token('ann'), await world.token('ann', prefixed)];
    expect(after).toMatch(/^kx_[0-9a-f]{64}$/);
    for (const settings of [world.settings, prefixed]) {
      for (const token of [before, after])
        expect((await world.send(`Token ${token}`, '/me/', settings)).status).toBe(200);
    }
  });

  it('has no end that is no date, which would never come', async () => {
    for (const expiry of [Number.NaN, Infinity, '60' as never]) {
      await expect(createAuthToken(world.settings, world.ann, { expiry })).rejects.toThrow(RangeError);
    }
    const [row, text] = await createAuthToken(world.settings, world.ann);
    row.expiry = new Date('never');
    expect((await world.send(`Token ${text}`)).status).toBe(401);
  });

  it('may be one of knox 4, if told to (K-049)', async () => {
    const text = 'c0ffee'.repeat(10) + 'abcd';
    world.store.add({
      digest: createHash('sha512').update(Buffer.from(text, 'hex')).digest('hex'),
      tokenKey: text.slice(0, 8),
      user: world.ann,
      created: new Date(0),
      expiry: null,
      fields: {},
      details: null,
    });
    expect((await world.send(`Token ${text}`)).status).toBe(401);
    expect((await world.send(`Token ${text}`, '/me/', world.with({ acceptKnox4Tokens: true }))).data.user).toBe('ann');
  });
});

class Everybody extends APIView {
  static override authenticationClasses = [TokenAuthentication];
  override get(): Response {
    return new Response({ user: (this.request.user as User).username });
  }
}

describe('the end of a token', () => {
  it('is its moment itself, and the row goes (K-029, K-031, K-077)', async () => {
    const token = await world.token('ann');
    seconds(36_000 - 1);
    expect((await world.send(`Token ${token}`)).status).toBe(200);
    seconds(1);
    expect((await world.send(`Token ${token}`)).data.detail).toBe('Invalid token.');
    expect(await world.store.list(world.ann)).toEqual([]);
  });

  it('is told once, by name of the token that was sent or of others of its user (K-030, K-107)', async () => {
    const told: string[] = [];
    const settings = world.with({
      onTokenExpired: (user, source) => void told.push(`${(user as User).username} ${source}`),
    });
    const [token] = [await world.token('ann', settings), await world.token('ann', settings), await world.token('bob')];
    seconds(36_000);
    await world.send(`Token ${token}`, '/me/', settings);
    await world.send(`Token ${token}`, '/me/', settings);
    expect(told).toEqual(['ann auth_token']);
    await world.token('ann', settings);
    expect(told).toEqual(['ann auth_token', 'ann other_token']);
    expect(await world.store.list(world.bob)).toHaveLength(1);
  });

  it('may be never, or at once (K-035, K-062, K-077)', async () => {
    const endless = await world.token('ann', world.with({ tokenTtl: null }));
    const [, dead] = await createAuthToken(world.settings, world.ann, { expiry: -1 });
    seconds(1_000_000_000);
    expect((await world.send(`Token ${endless}`)).status).toBe(200);
    expect((await world.send(`Token ${dead}`)).status).toBe(401);
  });
});

describe('a token that is used', () => {
  const refresh = (more: Partial<KnoxSettings> = {}): Settings =>
    world.with({ tokenTtl: 600, autoRefresh: true, ...more });
  const use = async (token: string, settings: Settings): Promise<number | null> => {
    await world.send(`Token ${token}`, '/me/', settings);
    const [row] = await world.store.list(world.ann);
    return row?.expiry === null || row === undefined ? null : (row.expiry.getTime() - row.created.getTime()) / 1000;
  };

  it('ends later, if by more than the interval (K-032, K-080, K-082)', async () => {
    const token = await world.token('ann', refresh());
    seconds(60);
    expect(await use(token, refresh())).toBe(600);
    seconds(1);
    expect(await use(token, refresh())).toBe(661);
    expect(await use(token, refresh({ minRefreshInterval: 0 }))).toBe(661);
  });

  it('never ends later than its greatest age (K-033, K-081)', async () => {
    const settings = refresh({ autoRefreshMaxTtl: 1500 });
    const token = await world.token('ann', settings);
    for (const [wait, expected] of [
      [550, 1150],
      [500, 1500],
      [449, 1500],
      [1, null],
    ] as const) {
      seconds(wait);
      expect(await use(token, settings)).toBe(expected);
    }
  });

  it('keeps its end without the setting (K-034)', async () => {
    const settings = world.with({ tokenTtl: 600 });
    const token = await world.token('ann', settings);
    seconds(300);
    expect(await use(token, settings)).toBe(600);
  });

  it('gets no end if it has none, and none where new ones have none (K-035)', async () => {
    const token = await world.token('ann', world.with({ tokenTtl: null }));
    seconds(300);
    expect(await use(token, refresh())).toBeNull();
    await world.store.deleteAll(world.ann);
    const ending = await world.token('ann', refresh());
    seconds(300);
    expect(await use(ending, refresh({ tokenTtl: null }))).toBe(600);
  });

  it('is noted in its details, at most once in an interval', async () => {
    const settings = world.with({ lastUseInterval: 60 });
    const token = await world.token('ann', settings);
    const lastUse = async (): Promise<Date | null> => {
      await world.send(`Token ${token}`, '/me/', settings);
      return (await world.store.list(world.ann))[0]!.lastUsedAt;
    };
    const first = new Date(world.clock.now());
    expect(await lastUse()).toEqual(first);
    seconds(59);
    expect(await lastUse()).toEqual(first);
    seconds(1);
    expect(await lastUse()).toEqual(new Date(world.clock.now()));
  });

  it('leaves no note without the setting', async () => {
    await world.send(`Token ${await world.token('ann')}`);
    expect((await world.store.list(world.ann))[0]!.details).toBeNull();
  });
});

describe('a new password', () => {
  const changed = async (): Promise<void> => {
    world.ann.password = `${world.ann.password}x`;
  };

  it('ends the tokens, if told to, and nobody else’s (K-111)', async () => {
    const settings = world.with({ endOnPasswordChange: true });
    const [token, other] = [await world.token('ann', settings), await world.token('bob', settings)];
    expect((await world.send(`Token ${token}`, '/me/', settings)).status).toBe(200);
    await changed();
    expect((await world.send(`Token ${token}`, '/me/', settings)).data.detail).toBe('Invalid token.');
    expect(await world.store.list(world.ann)).toEqual([]);
    expect((await world.send(`Token ${other}`, '/me/', settings)).status).toBe(200);
  });

  it('ends a token from before the setting once it was used under it (K-111)', async () => {
    const settings = world.with({ endOnPasswordChange: true });
    const token = await world.token('ann');
    expect((await world.send(`Token ${token}`, '/me/', settings)).status).toBe(200);
    await changed();
    expect((await world.send(`Token ${token}`, '/me/', settings)).status).toBe(401);
  });

  it('changes nothing without the setting, as in knox (K-111)', async () => {
    const token = await world.token('ann');
    await changed();
    expect((await world.send(`Token ${token}`)).status).toBe(200);
  });
});

describe('scopes', () => {
  class Notes extends APIView {
    static override authenticationClasses = [TokenAuthentication];
    static override permissionClasses = [or(tokenHasScopes('notes:read', 'notes:write'), IsAdminUser)];
    override get(): Response {
      return new Response(null);
    }
  }

  it.each([
    [null, 200],
    [['notes:write', 'notes:read', 'more'], 200],
    [['notes:read'], 403],
    [[], 403],
    [['notes:readnotes:write'], 403],
  ])('of a token, %j, are answered with %i', async (scopes, status) => {
    const [, text] = await createAuthToken(world.settings, world.ann, { scopes });
    const client = new APIClient(handle([path('/', Notes.asView({ settings: world.settings }))]));
    expect((await client.get('/', null, { headers: { Authorization: `Token ${text}` } })).status).toBe(status);
    expect((await client.get('/')).status).toBe(401);
  });

  it('are asked of tokens alone: who comes by another scheme is refused', async () => {
    const view = Notes.asView({
      settings: world.settings,
      authenticationClasses: world.settings.defaultAuthenticationClasses,
    });
    const client = new APIClient(handle([path('/', view)]));
    expect((await client.get('/', null, { headers: basic('ann') })).status).toBe(403);
    world.ann.isStaff = true;
    expect((await client.get('/', null, { headers: basic('ann') })).status).toBe(200);
  });

  it('are not asked for where nobody keeps them, as every token would seem to have all', async () => {
    const settings = world.with({ store: Object.assign(new MemoryKnoxStore(), { keepsDetails: false as true }) });
    const alone = { settings, permissionClasses: [tokenHasScopes('x')] };
    expect(() => Notes.asView(alone)).toThrow(/AuthTokenDetailsSchema/);
    const [, text] = await createAuthToken(settings, world.ann);
    const client = new APIClient(handle([path('/', Notes.asView({ settings }))]));
    const headers = { Authorization: `Token ${text}` };
    await expect(client.get('/', null, { headers })).rejects.toThrow(/AuthTokenDetailsSchema/);
  });

  it('must be words, and asked for', async () => {
    for (const scope of ['', 'a b', 'é', 'a"b']) {
      await expect(createAuthToken(world.settings, world.ann, { scopes: [scope] })).rejects.toThrow(RangeError);
    }
    await expect(createAuthToken(world.settings, world.ann, { name: 'x'.repeat(151) })).rejects.toThrow(RangeError);
    expect(() => tokenHasScopes()).toThrow(TypeError);
  });
});

describe('a subclass', () => {
  it('may override each step (K-036)', async () => {
    const steps: string[] = [];
    const own = new MemoryKnoxStore<AuthToken<User>>();
    class OwnAuthentication extends TokenAuthentication<User> {
      protected override get store() {
        return own as never;
      }
      override async authenticateCredentials(token: string) {
        steps.push('authenticateCredentials');
        return super.authenticateCredentials(token);
      }
      override validateUser(row: AuthToken<User>): readonly [User, AuthToken<User>] {
        steps.push('validateUser');
        if (row.user.username === 'bob') throw new AuthenticationFailed('Not bob.');
        return super.validateUser(row);
      }
      override async renewToken(row: AuthToken<User>): Promise<void> {
        steps.push('renewToken');
        return super.renewToken(row);
      }
      override authenticateHeader(): string {
        return 'Own';
      }
    }
    const settings = world.with({ autoRefresh: true, store: own });
    const [, text] = await createAuthToken(settings, world.ann);
    const [, bobs] = await createAuthToken(settings, world.bob);
    const view = Everybody.asView({ settings, authenticationClasses: [OwnAuthentication] });
    const client = new APIClient(handle([path('/', view)]));
    const get = (token: string) => client.get('/', null, { headers: { Authorization: `Token ${token}` } });
    expect((await get(text)).data).toEqual({ user: 'ann' });
    expect(steps).toEqual(['authenticateCredentials', 'validateUser', 'renewToken']);
    const refused = await get(bobs);
    expect([refused.data.detail, refused.headers.get('www-authenticate')]).toEqual(['Not bob.', 'Own']);
  });
});
