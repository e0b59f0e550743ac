import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { handle, ImproperlyConfigured, path, type Settings } from 'sallyport';
import {
  endRefreshFamilies,
  RefreshToken,
  tokenBlacklist,
  tokenObtainPair,
  tokenRefresh,
  tokenVerify,
  type JWTSettings,
  type RefreshReuse,
} from 'sallyport/jwt';
import { APIClient, MemoryRefreshFamilyStore, type TestResponse } from 'sallyport/testing';
import { Journal } from './keys/support';
import { openBench, type Bench } from './support';

const REFUSED = { detail: 'Token is blacklisted', code: 'token_not_valid' };

let bench: Bench;
let families: MemoryRefreshFamilyStore;
let journal: Journal;
let events: RefreshReuse[];

beforeEach(async () => {
  bench = await openBench();
  families = new MemoryRefreshFamilyStore();
  journal = new Journal();
  events = [];
});

const settingsWith = (options: Partial<JWTSettings> = {}): Settings =>
  bench.with({ families, onRefreshReuse: (reuse) => void events.push(reuse), ...options }, { logger: journal });

interface Client {
  login(): Promise<string>;
  /** The refresh token that follows. */
  next(refresh: string): Promise<string>;
  refresh(refresh: string): Promise<TestResponse>;
  logout(refresh: string): Promise<TestResponse>;
  verify(token: string): Promise<TestResponse>;
}

function clientOf(settings: Settings): Client {
  const client = new APIClient(
    handle([
      path('/login/', tokenObtainPair(settings)),
      path('/refresh/', tokenRefresh(settings)),
      path('/logout/', tokenBlacklist(settings)),
      path('/verify/', tokenVerify(settings)),
    ]),
  );
  const post = (to: string, body: object): Promise<TestResponse> => client.post(to, body, { format: 'json' });
  const refresh = (token: string): Promise<TestResponse> => post('/refresh/', { refresh: token });
  return {
    login: async () => (await post('/login/', { username: 'alice', password: 'alice-pass' })).data.refresh as string,
    next: async (token) => (await refresh(token)).data.refresh as string,
    refresh,
    logout: (token) => post('/logout/', { refresh: token }),
    verify: (token) => post('/verify/', { token }),
  };
}

const read = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;

describe('with families', () => {
  it('each refresh gives another refresh token, and the access token says nothing of the family (J-182)', async () => {
    const client = clientOf(settingsWith());
    const first = await client.login();
    const { data, text } = await client.refresh(first);
    expect(text).toMatch(/^\{"access":".+","refresh":".+"\}$/);
    expect(read(first)).not.toHaveProperty('refresh_family');
    expect(read(data.refresh)).toMatchObject({ refresh_family: read(first)['jti'], user_id: '1' });
    expect(read(data.access)).not.toHaveProperty('refresh_family');
    expect(await client.next(data.refresh)).toBeDefined();
    expect(families.families).toHaveLength(1);
  });

  it('a token that is used again at once gives the same successor, to the byte with HS256', async () => {
    const client = clientOf(settingsWith());
    const first = await client.login();
    const second = await client.next(first);
    bench.clock.advance(9_999);
    expect(await client.next(first)).toBe(second);
    expect(events).toEqual([]);
  });

  it('the same claims are signed anew where signatures are never the same twice', async () => {
    const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const client = clientOf(settingsWith({ algorithm: 'ES256', signingKey }));
    const first = await client.login();
    const [one, two] = [await client.next(first), await client.next(first)];
    expect(one).not.toBe(two);
    expect(read(one)).toEqual(read(two));
  });

  it('claims of your own stay on (J-143)', async () => {
    const settings = settingsWith();
    const token = await RefreshToken.forUser(settings, bench.alice);
    token.set('tenant', 'blue');
    expect(read(await clientOf(settings).next(String(token)))).toMatchObject({ tenant: 'blue' });
  });

  it('a token that is used again later ends the family, and the event and the log say whose it was (J-182)', async () => {
    const client = clientOf(settingsWith());
    const first = await client.login();
    const second = await client.next(first);
    bench.clock.advance(10_000);
    const answer = await client.refresh(first);
    expect([answer.status, answer.data]).toEqual([401, REFUSED]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect((await client.refresh(second)).data).toEqual(REFUSED);
    const { jti } = read(first);
    expect(events).toEqual([{ family: jti, jti, user: bench.alice }]);
    expect(journal.lines).toEqual([
      { context: { family: jti, jti, user: 1 }, message: 'A refresh token was used again, and its family is ended.' },
    ]);
  });

  it('the families of other log ins stay', async () => {
    const client = clientOf(settingsWith());
    const [phone, desk] = [await client.login(), await client.login()];
    await client.next(phone);
    bench.clock.advance(10_000);
    await client.refresh(phone);
    expect((await client.refresh(desk)).status).toBe(200);
  });

  it.each([
    ['a new one', false],
    ['one that another window has used a moment ago', true],
  ])('a log out with %s ends the family (J-004)', async (_what, isUsed) => {
    const client = clientOf(settingsWith());
    const first = await client.login();
    const second = await client.next(first);
    expect((await client.logout(isUsed ? first : second)).text).toBe('{}');
    expect((await client.refresh(second)).data).toEqual(REFUSED);
    expect(await bench.blacklist.isBlacklisted(read(second)['jti'] as string)).toBe(true);
    expect((await client.logout(second)).data).toEqual(REFUSED);
    expect(events).toEqual([]);
  });

  it('a log out needs no blacklist, and ends what was given out before there were families', async () => {
    const legacy = String(await RefreshToken.forUser(bench.with({ blacklist: null }), bench.alice));
    const client = clientOf(settingsWith({ blacklist: null }));
    for (const token of [await client.login(), legacy]) {
      expect((await client.logout(token)).status).toBe(200);
      expect((await client.refresh(token)).data).toEqual(REFUSED);
    }
  });

  it('another password ends the family (J-021)', async () => {
    const client = clientOf(settingsWith({ checkRevokeToken: true }));
    const first = await client.login();
    const second = await client.next(first);
    await bench.alice.setPassword('another');
    expect((await client.refresh(second)).data).toEqual({ detail: "The user's password has been changed." });
    expect(families.families[0]!.endedAt).not.toBeNull();
    expect((await client.refresh(second)).status).toBe(401);
  });

  it('all families of a user can be ended', async () => {
    const settings = settingsWith();
    const client = clientOf(settings);
    const tokens = [await client.login(), await client.login()];
    expect(await endRefreshFamilies(settings, bench.alice)).toBe(2);
    for (const token of tokens) expect((await client.refresh(token)).data).toEqual(REFUSED);
    expect(await endRefreshFamilies(bench.settings, bench.alice)).toBe(0);
  });

  it('a refused user uses no token up (J-020)', async () => {
    const client = clientOf(settingsWith());
    const first = await client.login();
    bench.alice.isActive = false;
    expect((await client.refresh(first)).status).toBe(401);
    bench.alice.isActive = true;
    bench.clock.advance(60_000);
    expect((await client.refresh(first)).status).toBe(200);
  });

  it('used tokens are called back for simplejwt beside us, where that is wanted', async () => {
    const client = clientOf(settingsWith({ blacklistAfterRotation: true }));
    const first = await client.login();
    const second = await client.next(first);
    expect(await bench.blacklist.isBlacklisted(read(first)['jti'] as string)).toBe(true);
    expect(bench.blacklist.outstanding.map(({ jti }) => jti)).toEqual([read(first)['jti'], read(second)['jti']]);
    expect(await client.next(first)).toBe(second);
  });

  it.each([
    ['the present token', 1],
    ['the successor of one that was used a moment ago', 0],
  ])('what simplejwt beside us has called back is refused: %s', async (_what, presented) => {
    const client = clientOf(settingsWith());
    const first = await client.login();
    const second = await client.next(first);
    await (await RefreshToken.decode(settingsWith({ families: null }), second)).blacklist(bench.alice);
    expect((await client.refresh([first, second][presented]!)).data).toEqual(REFUSED);
    expect(families.families[0]!.endedAt).not.toBeNull();
  });

  it('a used token is bad for the verify view and for whoever decodes it (J-022, J-190)', async () => {
    const settings = settingsWith();
    const client = clientOf(settings);
    const first = await client.login();
    const { data } = await client.refresh(first);
    expect((await client.verify(first)).data).toEqual({ non_field_errors: ['Token is blacklisted'] });
    expect((await client.verify(data.refresh)).status).toBe(200);
    expect((await client.verify(data.access)).status).toBe(200);
    await expect(RefreshToken.decode(settings, first)).rejects.toThrow('Token is blacklisted');
  });

  it.each<[string, object]>([
    ['a family that nobody knows', { refresh_family: 'unknown' }],
    ['a family that is no text', { refresh_family: 7 }],
    ['a number that is no text', { jti: 7 }],
    ['a number that no table holds', { jti: 'a\0b' }],
    ['no number', { jti: undefined }],
  ])('a token with %s is refused, and never fails with a server error (J-184)', async (_what, claims) => {
    const settings = settingsWith();
    const token = new RefreshToken(settings);
    token.set('user_id', '1');
    Object.assign(token.payload, claims);
    expect((await clientOf(settings).refresh(String(token))).status).toBe(401);
  });

  it('tokens need numbers', () => {
    expect(() => tokenRefresh(settingsWith({ blacklist: null, jtiClaim: null }))).toThrow(ImproperlyConfigured);
  });

  it('an event that fails is an error of the server, and the family is ended all the same', async () => {
    const client = clientOf(
      settingsWith({
        onRefreshReuse: () => {
          throw new Error('no mail today');
        },
      }),
    );
    const first = await client.login();
    await client.next(first);
    bench.clock.advance(10_000);
    await expect(client.refresh(first)).rejects.toThrow('no mail today');
    expect(families.families[0]!.endedAt).not.toBeNull();
  });
});
