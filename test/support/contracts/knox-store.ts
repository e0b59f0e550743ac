import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { User } from 'sallyport';
import type { AuthToken, KnoxStore, NewAuthToken, TokenLimit } from 'sallyport/knox';

/** A store over tables of its own, and what a test needs beside it. */
export interface KnoxStoreHarness {
  readonly store: KnoxStore<AuthToken<User>>;
  /** A user that no other call gave. */
  createUser(): Promise<User>;
  /** Does what one request does, with a unit of work of its own where the store has such a thing. */
  inRequest<T>(work: () => Promise<T>): Promise<T>;
  close?(): Promise<void>;
}

const CALLERS = 20;
const NOW = new Date('2026-01-02T03:04:05Z');
const after = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

/** What every store of knox's tokens keeps. */
export function describeKnoxStore(name: string, open: () => Promise<KnoxStoreHarness>): void {
  describe(`${name} keeps the contract of a store of knox's tokens`, () => {
    let harness: KnoxStoreHarness;
    let user: User;
    let count = 0;

    beforeAll(async () => {
      harness = await open();
      user = await harness.createUser();
    });
    afterAll(() => harness.close?.());

    const newToken = (more: Partial<NewAuthToken<User>> = {}): NewAuthToken<User> => {
      const number = String(++count);
      return {
        digest: number.padStart(128, '0'),
        tokenKey: number.padStart(15, 'k'),
        user,
        created: NOW,
        expiry: after(60),
        fields: {},
        details: null,
        ...more,
      };
    };
    const find = async (...keys: string[]): Promise<readonly AuthToken<User>[]> =>
      harness.inRequest(() => harness.store.find(keys));
    const digests = async (...keys: string[]): Promise<string[]> => (await find(...keys)).map(({ digest }) => digest);
    const create = (token: NewAuthToken<User>, limit: TokenLimit | null = null) =>
      harness.inRequest(() => harness.store.create(token, limit));
    const add = async (more: Partial<NewAuthToken<User>> = {}): Promise<AuthToken<User>> =>
      (await create(newToken(more))).token!;
    const list = (of: User) => harness.inRequest(() => harness.store.list(of));
    const limit = (more: Partial<TokenLimit> = {}): TokenLimit => ({
      count: 2,
      counts: 'all',
      whenFull: 'deny',
      ...more,
    });

    it('finds a token with its user, by one of several keys (K-027, K-028)', async () => {
      const { tokenKey, digest } = await add();
      const [token] = await find('another key', tokenKey);
      expect(token).toMatchObject({ digest, tokenKey, created: NOW, expiry: after(60), details: null });
      expect([token!.user.pk, token!.user.username, token!.user.isAuthenticated]).toEqual([
        user.pk,
        user.username,
        true,
      ]);
    });

    it('finds all tokens of one key (K-028)', async () => {
      const { tokenKey, digest } = await add();
      const other = await add({ tokenKey });
      expect((await digests(tokenKey)).sort()).toEqual([digest, other.digest].sort());
    });

    it.each(['', 'nobody has it', 'x'.repeat(10_000), 'a\0b', "' OR '1'='1", '%', '\ud800'])(
      'finds nothing, and fails not, for a key that no token has: %j',
      async (key) => {
        expect(await find(key)).toEqual([]);
      },
    );

    it('keeps tokens that never end (K-062)', async () => {
      const { tokenKey } = await add({ expiry: null });
      expect((await find(tokenKey))[0]!.expiry).toBeNull();
    });

    it('keeps a name, scopes and a mark of the password beside knox’s columns', async () => {
      const details = { name: 'the phone', scopes: ['notes:read', 'a"b{,}'], passwordDigest: 'f'.repeat(64) };
      const created = await add({ details });
      const [found] = await find(created.tokenKey);
      for (const token of [created, found!]) {
        expect([token.name, token.scopes, token.lastUsedAt]).toEqual([details.name, details.scopes, null]);
        expect(token.details!.passwordDigest).toBe(details.passwordDigest);
      }
      expect((await find((await add({ details: { ...details, scopes: [] } })).tokenKey))[0]!.scopes).toEqual([]);
    });

    describe('create', () => {
      it('gives a user as many tokens as they ask for where there is no limit', async () => {
        const ann = await harness.createUser();
        for (let i = 0; i < 3; i++) expect((await create(newToken({ user: ann }))).token).not.toBeNull();
        expect(await list(ann)).toHaveLength(3);
      });

      it('refuses a token beyond the limit (K-006)', async () => {
        const ann = await harness.createUser();
        const answers = [];
        for (let i = 0; i < 3; i++) answers.push((await create(newToken({ user: ann }), limit())).token !== null);
        expect(answers).toEqual([true, true, false]);
        expect((await create(newToken(), limit({ count: 1000 }))).token).not.toBeNull();
      });

      it('counts tokens without an end, or those with one alone (K-007)', async () => {
        const ann = await harness.createUser();
        for (let i = 0; i < 2; i++) await create(newToken({ user: ann, expiry: null }));
        expect((await create(newToken({ user: ann }), limit())).token).toBeNull();
        expect((await create(newToken({ user: ann }), limit({ counts: 'expiring' }))).token).not.toBeNull();
      });

      it('does not count tokens that have ended, and removes them (K-007, K-107)', async () => {
        const ann = await harness.createUser();
        await create(newToken({ user: ann, expiry: after(1) }));
        await create(newToken({ user: ann, expiry: after(2) }));
        const kept = await add({ user: ann, expiry: after(3) });
        const { token, expired } = await create(newToken({ user: ann, created: after(2) }), limit());
        expect(expired).toBe(2);
        expect((await list(ann)).map(({ digest }) => digest).sort()).toEqual([kept.digest, token!.digest].sort());
      });

      it('ends the oldest in place of a refusal, if told to', async () => {
        const ann = await harness.createUser();
        const ages = [3, 1, 2].map((age) => newToken({ user: ann, created: after(age) }));
        for (const token of ages) await create(token);
        const newest = await create(newToken({ user: ann, created: after(4) }), limit({ whenFull: 'dropOldest' }));
        expect((await list(ann)).map(({ digest }) => digest)).toEqual([ages[0]!.digest, newest.token!.digest]);
        expect((await create(newToken(), limit({ count: 0, whenFull: 'dropOldest' }))).token).toBeNull();
      });

      it.each(['deny', 'dropOldest'] as const)(
        'never exceeds the limit with many callers at once: %s (K-105)',
        async (whenFull) => {
          const ann = await harness.createUser();
          const answers = await Promise.all(
            Array.from({ length: CALLERS }, () => create(newToken({ user: ann }), limit({ count: 3, whenFull }))),
          );
          expect(answers.filter(({ token }) => token !== null)).toHaveLength(whenFull === 'deny' ? 3 : CALLERS);
          expect(await list(ann)).toHaveLength(3);
        },
      );
    });

    describe('renew', () => {
      const renew = (token: AuthToken<User>, expiry: Date): Promise<void> =>
        harness.inRequest(() => harness.store.renew(token, expiry));

      it('lets a token end later, and never earlier (K-032, K-108)', async () => {
        const token = await add();
        await renew(token, after(120));
        await renew(token, after(90));
        expect((await find(token.tokenKey))[0]!.expiry).toEqual(after(120));
        expect(token.expiry).toEqual(after(120));
      });

      it('keeps the latest of many callers at once (K-108)', async () => {
        const token = await add();
        await Promise.all(
          Array.from({ length: CALLERS }, async (_, i) => renew((await find(token.tokenKey))[0]!, after(100 + i))),
        );
        expect((await find(token.tokenKey))[0]!.expiry).toEqual(after(100 + CALLERS - 1));
      });

      it('leaves a token alone that never ends (K-035)', async () => {
        const token = await add({ expiry: null });
        await renew(token, after(120));
        expect((await find(token.tokenKey))[0]!.expiry).toBeNull();
      });
    });

    describe('noteUse', () => {
      const use = (token: AuthToken<User>, at: Date | null, passwordDigest: string | null = null): Promise<void> =>
        harness.inRequest(() => harness.store.noteUse(token, { at, passwordDigest }));

      it('notes the latest use, of a token with details and of one without', async () => {
        for (const details of [null, { name: 'x', scopes: null, passwordDigest: null }]) {
          const token = await add({ details });
          await use(token, after(20));
          await use(token, after(10));
          const [found] = await find(token.tokenKey);
          expect([found!.lastUsedAt, found!.name]).toEqual([after(20), details?.name ?? null]);
          expect(token.lastUsedAt).toEqual(after(20));
        }
      });

      it('keeps the first mark of a password', async () => {
        const token = await add();
        await use(token, null, 'a'.repeat(64));
        await use(token, null, 'b'.repeat(64));
        const [found] = await find(token.tokenKey);
        expect([found!.details!.passwordDigest, found!.lastUsedAt]).toEqual(['a'.repeat(64), null]);
      });
    });

    describe('removes', () => {
      it('one token, once (K-008)', async () => {
        const [token, other] = [await add({ details: { name: 'x', scopes: null, passwordDigest: null } }), await add()];
        const remove = (): Promise<boolean> => harness.inRequest(() => harness.store.delete(token));
        expect([await remove(), await remove()]).toEqual([true, false]);
        expect(await digests(token.tokenKey, other.tokenKey)).toEqual([other.digest]);
      });

      it('all tokens of a user, and of nobody else (K-009)', async () => {
        const ann = await harness.createUser();
        const other = await add();
        await add({ user: ann });
        await add({ user: ann, expiry: null });
        expect(await harness.inRequest(() => harness.store.deleteAll(ann))).toBe(2);
        expect(await list(ann)).toEqual([]);
        expect(await digests(other.tokenKey)).toEqual([other.digest]);
      });

      it('what has ended, whosever it is (K-107)', async () => {
        const ann = await harness.createUser();
        const flush = (now: Date): Promise<number> => harness.inRequest(() => harness.store.flushExpired(now));
        await flush(after(1_000_000));
        const [ended, live, endless] = [
          await add({ expiry: after(60) }),
          await add({ user: ann, expiry: after(61) }),
          await add({ expiry: null }),
        ];
        expect([await flush(after(60)), await flush(after(60))]).toEqual([1, 0]);
        expect((await digests(ended.tokenKey, live.tokenKey, endless.tokenKey)).sort()).toEqual(
          [live.digest, endless.digest].sort(),
        );
      });
    });
  });
}
