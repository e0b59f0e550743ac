import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openDjango, type DjangoDatabase } from './django';
import { checkManifest, describeWithDjango, type Report } from './real-django';
import { django } from './samples';
import { write } from './writer/write';
import type { Manifest } from './writer/manifest';

describeWithDjango('What the library writes into a database of Django', () => {
  let database: DjangoDatabase;
  let manifest: Manifest;

  beforeAll(async () => {
    database = await openDjango();
  });
  afterAll(() => database.close());

  async function check(secretKey: string): Promise<Report> {
    manifest = await write(database.orm, secretKey);
    return checkManifest({ url: database.url, secretKey }, manifest);
  }

  it.each([
    ['of the project', django.secret_key],
    ['with other characters', 'Schlüssel-☃-😀-0123456789abcdef'],
  ])('is what Django finds there, with a secret %s', async (_which, secretKey) => {
    const { checked, failures } = await check(secretKey);
    expect(failures).toEqual([]);
    for (const [kind, entries] of Object.entries(manifest)) {
      if (kind === 'secret_key') continue;
      expect([kind, checked[kind]]).toEqual([kind, entries.length]);
      expect(entries.length).toBeGreaterThan(2);
    }
  });

  it('is found otherwise where a manifest lies', async () => {
    const { secret_key: secretKey } = manifest;
    const [session] = manifest.sessions as [Manifest['sessions'][number]];
    const [token] = manifest.drf_tokens as [Manifest['drf_tokens'][number]];
    const nothing = Object.fromEntries(Object.keys(manifest).map((kind) => [kind, []])) as unknown as Manifest;
    const lies: Manifest = {
      ...nothing,
      sessions: [{ ...session, user_id: 1 }],
      drf_tokens: [{ ...token, accepted: false }],
      signed: manifest.signed.map((entry) => ({ ...entry, accepted: !(entry.accepted ?? true) })),
    };
    const { failures } = await checkManifest({ url: database.url, secretKey }, lies);
    expect(failures).toHaveLength(2 + lies.signed.length);
  });
});
