import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Token } from '../../../src/auth/token/models';
import type { TokenClass, TokenRecord, TokenStore } from '../../../src/auth/token/store';
import type { User } from '../../../src/core/users';

/** A store over tables of its own, and what a test needs beside it. */
export interface TokenStoreHarness {
  readonly store: TokenStore<Token<User>>;
  /** Another token class that the store serves, with a table of its own. */
  readonly otherModel: TokenClass;
  /** A user that no other call gave. */
  createUser(): Promise<User>;
  /** Does what one request does, with a unit of work of its own where the store has such a thing. */
  inRequest<T>(work: () => Promise<T>): Promise<T>;
  close?(): Promise<void>;
}

const CALLERS = 20;

/** What every store of tokens keeps. */
export function describeTokenStore(name: string, open: () => Promise<TokenStoreHarness>): void {
  describe(`${name} keeps the contract of a token store`, () => {
    let harness: TokenStoreHarness;

    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close?.());

    const find = (key: string, model?: TokenClass): Promise<Token<User> | null> =>
      harness.inRequest(() => harness.store.find(key, model));
    const getOrCreate = (user: User, model?: TokenClass): Promise<readonly [Token<User>, boolean]> =>
      harness.inRequest(() => harness.store.getOrCreate(user, model));
    const replace = (user: User, model?: TokenClass): Promise<Token<User>> =>
      harness.inRequest(() => harness.store.replace(user, model));
    const atOnce = <T>(call: (caller: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)));

    /** The keys among these that still open the door. */
    async function valid(keys: readonly string[]): Promise<string[]> {
      const found = await Promise.all([...new Set(keys)].map((key) => find(key)));
      return found.flatMap((token) => (token === null ? [] : [token.key]));
    }

    describe('find', () => {
      it('gives the token with its user', async () => {
        const user = await harness.createUser();
        const [{ key }] = await getOrCreate(user);
        const token = (await find(key))!;
        expect(token).toBeInstanceOf(Token);
        expect(token.key).toBe(key);
        expect(token.created).toBeInstanceOf(Date);
        expect(token.user.pk).toBe(user.pk);
        expect(token.user.username).toBe(user.username);
        expect(token.user.isAuthenticated).toBe(true);
        expect(token.user.isActive).toBe(true);
      });

      it.each(['', '0'.repeat(40), 'x'.repeat(10_000), 'abc\0', "' OR '1'='1", '%', '\ud800', 'ÿ'])(
        'is null and no error for a key that nobody has: %j',
        async (key) => {
          await getOrCreate(await harness.createUser());
          expect(await find(key)).toBeNull();
        },
      );

      it('takes no part and no other spelling of a key (D-174)', async () => {
        const [{ key }] = await getOrCreate(await harness.createUser());
        for (const other of [key.slice(0, -1), `${key}0`, `${key} `, `${key}\0`, key.toUpperCase()]) {
          expect(await find(other)).toBeNull();
        }
      });
    });

    describe('getOrCreate', () => {
      it('makes a token where there is none, and gives the same one from then on (S-060, S-063)', async () => {
        const user = await harness.createUser();
        const [token, created] = await getOrCreate(user);
        expect(created).toBe(true);
        expect(token.key).toMatch(/^[0-9a-f]{40}$/);
        expect(token.user.pk).toBe(user.pk);
        const [again, createdAgain] = await getOrCreate(user);
        expect(createdAgain).toBe(false);
        expect(again.key).toBe(token.key);
      });

      it('gives each user a token of their own', async () => {
        const [ann] = await getOrCreate(await harness.createUser());
        const [bob] = await getOrCreate(await harness.createUser());
        expect(ann.key).not.toBe(bob.key);
      });

      it('gives all of many callers at once the same token, and one of them made it', async () => {
        const user = await harness.createUser();
        const answers = await atOnce(() => getOrCreate(user));
        const keys = new Set(answers.map(([token]) => token.key));
        expect(keys.size).toBe(1);
        expect(answers.filter(([, created]) => created)).toHaveLength(1);
        expect(await valid([...keys])).toEqual([...keys]);
      });
    });

    describe('replace', () => {
      it('gives a new token, and the old one is gone', async () => {
        const user = await harness.createUser();
        const [before] = await getOrCreate(user);
        const oldKey = before.key;
        const token = await replace(user);
        expect(token.key).toMatch(/^[0-9a-f]{40}$/);
        expect(await valid([oldKey, token.key])).toEqual([token.key]);
        expect((await find(token.key))?.user.pk).toBe(user.pk);
        expect((await getOrCreate(user))[0].key).toBe(token.key);
      });

      it('makes a token where there was none', async () => {
        const user = await harness.createUser();
        const { key } = await replace(user);
        expect((await find(key))?.user.pk).toBe(user.pk);
      });

      it('leaves the tokens of others alone', async () => {
        const [other] = await getOrCreate(await harness.createUser());
        const key = other.key;
        await replace(await harness.createUser());
        expect(await valid([key])).toEqual([key]);
      });

      it('leaves one token of many callers at once', async () => {
        const user = await harness.createUser();
        const [first] = await getOrCreate(user);
        const firstKey = first.key;
        const tokens = await atOnce(() => replace(user));
        const keys = tokens.map(({ key }) => key);
        expect(new Set(keys).size).toBe(CALLERS);
        expect(await valid([firstKey, ...keys])).toHaveLength(1);
      });

      it('and getOrCreate at once never fail, and leave one token', async () => {
        const user = await harness.createUser();
        const keys = await atOnce(async (caller) => {
          const token = caller % 2 === 0 ? await replace(user) : (await getOrCreate(user))[0];
          return token.key;
        });
        expect(await valid(keys)).toHaveLength(1);
      });
    });

    describe('a hashed key', () => {
      const hashedOf = (key: string): string => `$${key.slice(1)}`;
      const findEither = (key: string): Promise<Token<User> | null> =>
        harness.inRequest(() => harness.store.find(key, undefined, hashedOf(key)));

      it('takes the place of one that rests in clear, when that is used', async () => {
        const user = await harness.createUser();
        const [{ key }] = await getOrCreate(user);
        for (let use = 1; use <= 2; use++) {
          const token = (await findEither(key))!;
          expect([token.key, token.user.pk]).toEqual([hashedOf(key), user.pk]);
        }
        expect(await find(key)).toBeNull();
        expect((await getOrCreate(user))[0].key).toBe(hashedOf(key));
      });

      it('is found by all of many uses at once', async () => {
        const [{ key }] = await getOrCreate(await harness.createUser());
        const tokens = await atOnce(() => findEither(key));
        expect(new Set(tokens.map((token) => token?.key))).toEqual(new Set([hashedOf(key)]));
      });

      it('is what a new token holds, if it is given', async () => {
        const user = await harness.createUser();
        const keys = ['$first'.padEnd(40, 'x'), '$second'.padEnd(40, 'x')] as const;
        const [made, created] = await harness.inRequest(() => harness.store.getOrCreate(user, undefined, keys[0]));
        expect([made.key, created]).toEqual([keys[0], true]);
        expect((await harness.inRequest(() => harness.store.getOrCreate(user, undefined, keys[1])))[0].key).toBe(
          keys[0],
        );
        expect((await harness.inRequest(() => harness.store.replace(user, undefined, keys[1]))).key).toBe(keys[1]);
        expect(await valid([...keys])).toEqual([keys[1]]);
      });

      it('that nobody has is null and no error', async () => {
        expect(await findEither('0'.repeat(40))).toBeNull();
      });
    });

    describe('another token class', () => {
      it('has a table of its own', async () => {
        const { otherModel } = harness;
        const user = await harness.createUser();
        const [own] = await getOrCreate(user);
        const [other, created] = await getOrCreate(user, otherModel);
        expect(created).toBe(true);
        expect(other).toBeInstanceOf(otherModel);
        expect(await find(own.key, otherModel)).toBeNull();
        expect(await find(other.key)).toBeNull();

        const found: TokenRecord | null = await find(other.key, otherModel);
        expect(found).toBeInstanceOf(otherModel);
        expect(found?.user.pk).toBe(user.pk);
        expect((await getOrCreate(user, otherModel))[1]).toBe(false);
      });

      it('is replaced by itself', async () => {
        const { otherModel } = harness;
        const user = await harness.createUser();
        const [own] = await getOrCreate(user);
        const ownKey = own.key;
        const [before] = await getOrCreate(user, otherModel);
        const oldKey = before.key;
        const { key } = await replace(user, otherModel);
        expect(await find(oldKey, otherModel)).toBeNull();
        expect(await find(key, otherModel)).toBeInstanceOf(otherModel);
        expect(await valid([ownKey])).toEqual([ownKey]);
      });
    });
  });
}
