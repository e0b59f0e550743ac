import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AbstractAPIKey, APIKeyClass, APIKeyStore, NewAPIKey } from 'sallyport/api-key';

/** A store over tables of its own, and what a test needs beside it. */
export interface APIKeyStoreHarness {
  readonly store: APIKeyStore;
  /** Another key class that the store serves, with a table of its own and a column `team`. */
  readonly otherModel: APIKeyClass;
  /** Does what one request does, with a unit of work of its own where the store has such a thing. */
  inRequest<T>(work: () => Promise<T>): Promise<T>;
  close?(): Promise<void>;
}

const CALLERS = 20;
const NOW = new Date('2026-01-02T03:04:05Z');

/** What every store of API keys keeps. */
export function describeAPIKeyStore(name: string, open: () => Promise<APIKeyStoreHarness>): void {
  describe(`${name} keeps the contract of a store of API keys`, () => {
    let harness: APIKeyStoreHarness;
    let count = 0;

    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close?.());

    const newKey = (more: Partial<NewAPIKey> = {}): NewAPIKey => {
      const prefix = `k${String(++count).padStart(7, '0')}`;
      const hashedKey = 'pbkdf2_sha256$1$abc$def=';
      return {
        id: `${prefix}.${hashedKey}`,
        prefix,
        hashedKey,
        name: 'a',
        created: NOW,
        expiryDate: null,
        fields: {},
        ...more,
      };
    };
    const create = (key: NewAPIKey, model?: APIKeyClass): Promise<AbstractAPIKey | null> =>
      harness.inRequest(() => harness.store.create(key, model));
    const find = (prefix: string, model?: APIKeyClass): Promise<AbstractAPIKey | null> =>
      harness.inRequest(() => harness.store.find(prefix, model));
    const revoke = (prefix: string, model?: APIKeyClass): Promise<boolean> =>
      harness.inRequest(() => harness.store.revoke(prefix, model));

    it('finds a key by its prefix', async () => {
      const key = newKey({ name: 'the nightly job', expiryDate: new Date('2126-01-01T00:00:00Z') });
      const { fields: _none, ...columns } = key;
      for (const row of [await create(key), await find(key.prefix)]) {
        expect(row).toMatchObject({ ...columns, revoked: false });
        expect(String(row)).toBe('the nightly job');
      }
    });

    it.each(['', 'nobody', 'x'.repeat(10_000), 'a\0b', "' OR '1'='1", '%', '\ud800'])(
      'finds nothing, calls nothing back, and fails not, for a prefix that no key has: %j',
      async (prefix) => {
        await create(newKey());
        expect([await find(prefix), await revoke(prefix)]).toEqual([null, false]);
      },
    );

    it('keeps one key for each prefix, with many callers at once', async () => {
      const key = newKey();
      const answers = await Promise.all(
        Array.from({ length: CALLERS }, (_, i) => create({ ...key, id: `${key.prefix}.${String(i)}` })),
      );
      expect(answers.filter((row) => row !== null)).toHaveLength(1);
    });

    it('calls a key back, once, with many callers at once', async () => {
      const [{ prefix }, other] = [newKey(), newKey()];
      await create({ ...other, prefix, id: `${prefix}.x` });
      const answers = await Promise.all(Array.from({ length: CALLERS }, () => revoke(prefix)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect((await find(prefix))!.revoked).toBe(true);
    });

    it('keeps another hash of a key', async () => {
      const key = newKey();
      await create(key);
      await harness.inRequest(async () => harness.store.rehash((await harness.store.find(key.prefix))!, 'sha512$$new'));
      expect(await find(key.prefix)).toMatchObject({ id: key.id, hashedKey: 'sha512$$new' });
    });

    it('has a table of its own for another class', async () => {
      const { otherModel } = harness;
      const key = newKey({ fields: { team: 'red' } });
      expect(await create(key, otherModel)).toBeInstanceOf(otherModel);
      expect(await find(key.prefix)).toBeNull();
      expect(await find(key.prefix, otherModel)).toMatchObject({ team: 'red' });
      expect([await revoke(key.prefix), await revoke(key.prefix, otherModel)]).toEqual([false, true]);
    });
  });
}
