import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FamilyMember, RefreshFamilyStore, Rotation, RotationOutcome } from '../../../src/auth/jwt/store';

/** A store over a table of its own, and what a test needs beside it. */
export interface RefreshFamilyStoreHarness {
  readonly store: RefreshFamilyStore;
  /** Does what one request does, with a unit of work of its own where the store has such a thing. */
  inRequest<T>(work: () => Promise<T>): Promise<T>;
  close?(): Promise<void>;
}

const CALLERS = 50;
const NOW = 1_800_000_000;
const GRACE = 10;

/** What every store of families of refresh tokens keeps. */
export function describeRefreshFamilyStore(name: string, open: () => Promise<RefreshFamilyStoreHarness>): void {
  describe(`${name} keeps the contract of families`, () => {
    let harness: RefreshFamilyStoreHarness;
    let count = 0;

    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close?.());

    const run = <T>(work: (store: RefreshFamilyStore) => Promise<T>): Promise<T> =>
      harness.inRequest(() => work(harness.store));
    const member = (jti: string, issuedAt = NOW, lifetime = 1000): FamilyMember => ({
      jti,
      issuedAt,
      expiresAt: issuedAt + lifetime,
    });
    const start = async (userPk: string | null = '7', first?: Partial<FamilyMember>): Promise<string> => {
      const id = `family ${String(++count)}`;
      await run((store) => store.start({ id, userPk, member: { ...member(id), ...first } }));
      return id;
    };
    const rotate = (
      id: string,
      jti: string,
      next: string,
      rotation: Partial<Rotation> = {},
    ): Promise<RotationOutcome> =>
      run((store) =>
        store.rotate(id, { jti, successor: member(next, rotation.now ?? NOW), now: NOW, grace: GRACE, ...rotation }),
      );
    const find = (id: string) => run((store) => store.find(id));
    const moment = (seconds: number): Date => new Date(seconds * 1000);

    it('begins a family once', async () => {
      const id = await start();
      await run((store) => store.start({ id, userPk: '8', member: member('another') }));
      expect(await find(id)).toEqual({ jti: id, isEnded: false });
      expect(await find('unknown')).toBeNull();
    });

    it('lets one token follow another', async () => {
      const id = await start();
      expect(await rotate(id, id, 'b')).toEqual({ kind: 'rotated', member: member('b') });
      expect(await rotate(id, 'b', 'c', { now: NOW + 60 })).toEqual({ kind: 'rotated', member: member('c', NOW + 60) });
      expect(await find(id)).toEqual({ jti: 'c', isEnded: false });
    });

    it('answers the same successor within the grace period', async () => {
      const id = await start();
      await rotate(id, id, 'b');
      for (const now of [NOW - 2, NOW, NOW + GRACE - 1]) {
        expect(await rotate(id, id, 'x', { now })).toEqual({ kind: 'repeated', member: member('b') });
      }
    });

    it('answers the present token where the successor was used as well', async () => {
      const id = await start();
      await rotate(id, id, 'b');
      await rotate(id, 'b', 'c', { now: NOW + 1 });
      expect(await rotate(id, id, 'x', { now: NOW + 2 })).toEqual({ kind: 'repeated', member: member('c', NOW + 1) });
    });

    it.each([
      ['after the grace period', GRACE],
      ['where there is none', 0],
    ])('ends the family of a token that is used again %s (J-182)', async (_what, seconds) => {
      const id = await start();
      await rotate(id, id, 'b');
      const grace = seconds === 0 ? 0 : GRACE;
      expect(await rotate(id, id, 'x', { now: NOW + seconds, grace })).toEqual({ kind: 'reused', member: member('b') });
      expect(await find(id)).toEqual({ jti: 'b', isEnded: true });
      expect(await rotate(id, 'b', 'x')).toEqual({ kind: 'ended' });
      expect(await rotate(id, id, 'x')).toEqual({ kind: 'ended' });
    });

    it('ends the family of a token that it never had', async () => {
      const id = await start();
      expect(await rotate(id, 'made elsewhere', 'x')).toMatchObject({ kind: 'reused' });
      expect(await find(id)).toMatchObject({ isEnded: true });
    });

    it('knows nothing of a family that was not begun', async () => {
      expect(await rotate('unknown', 'unknown', 'x')).toEqual({ kind: 'unknown' });
      expect(await find('unknown')).toBeNull();
    });

    it('remembers so many used tokens that no client can make it grow', async () => {
      const id = await start();
      let last = id;
      for (let i = 0; i < 30; i++) {
        await rotate(id, last, `${id} ${String(i)}`);
        last = `${id} ${String(i)}`;
      }
      expect(await rotate(id, `${id} 22`, 'x')).toMatchObject({ kind: 'repeated', member: { jti: last } });
      expect(await rotate(id, `${id} 20`, 'x')).toMatchObject({ kind: 'reused' });
    });

    it('ends a family once, and says what was its last token', async () => {
      const id = await start();
      await rotate(id, id, 'b');
      expect(await run((store) => store.end(id, moment(NOW)))).toEqual(member('b'));
      expect(await run((store) => store.end(id, moment(NOW)))).toBeNull();
      expect(await run((store) => store.end('unknown', moment(NOW)))).toBeNull();
    });

    it('ends all families of a user, and of nobody else', async () => {
      const [one, two, other, nobodys] = [await start('71'), await start('71'), await start('7'), await start(null)];
      await run((store) => store.end(two, moment(NOW)));
      expect(await run((store) => store.endAllOf('71', moment(NOW)))).toBe(1);
      const ended = await Promise.all([one, two, other, nobodys].map(async (id) => (await find(id))!.isEnded));
      expect(ended).toEqual([true, true, false, false]);
    });

    it('forgets a family when none of its tokens is good any more', async () => {
      const id = await start('7', { expiresAt: NOW + 50 });
      const long = await start('7', { expiresAt: NOW + 5000 });
      await rotate(long, long, 'short');
      await run((store) => store.flushExpired(moment(NOW + 49)));
      expect(await find(id)).not.toBeNull();
      expect(await run((store) => store.flushExpired(moment(NOW + 50)))).toBe(1);
      expect(await find(id)).toBeNull();
      await run((store) => store.flushExpired(moment(NOW + 4999)));
      // The token that was used is good for longer than the one that followed it.
      expect(await find(long)).not.toBeNull();
    });

    it('gives many callers at once one successor (J-183)', async () => {
      for (let round = 0; round < 5; round++) {
        const id = await start();
        const outcomes = await Promise.all(
          Array.from({ length: CALLERS }, (_, i) => rotate(id, id, `${id} of ${String(i)}`)),
        );
        const kinds = outcomes.map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === 'rotated')).toHaveLength(1);
        expect(kinds.filter((kind) => kind === 'repeated')).toHaveLength(CALLERS - 1);
        expect(new Set(outcomes.map((outcome) => 'member' in outcome && outcome.member.jti)).size).toBe(1);
      }
    });
  });
}
