import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { defineSettings, ImproperlyConfigured } from 'sallyport';
import { AuthToken, createAuthToken, knox, LoginView, TokenAuthentication, type KnoxSettings } from 'sallyport/knox';
import { MemoryKnoxStore } from 'sallyport/testing';
import { inspect } from 'node:util';
import { openWorld } from './support';

const check = (options: Partial<KnoxSettings>): void =>
  TokenAuthentication.checkSettings(defineSettings({}, knox({ store: new MemoryKnoxStore(), ...options })));

describe('the settings of knox', () => {
  it('have the defaults of knox (K-075 to K-086)', () => {
    const { values } = knox({ store: new MemoryKnoxStore() });
    expect(values).toMatchObject({
      secureHashAlgorithm: 'sha512',
      authTokenCharacterLength: 64,
      tokenTtl: 10 * 3600,
      userSerializer: null,
      tokenLimitPerUser: null,
      autoRefresh: false,
      autoRefreshMaxTtl: null,
      minRefreshInterval: 60,
      authHeaderPrefix: 'Token',
      expiryDatetimeFormat: 'iso-8601',
      tokenPrefix: '',
    });
  });

  it.each<[string, Partial<KnoxSettings>]>([
    ['a prefix of eleven characters (K-086)', { tokenPrefix: 'x'.repeat(11) }],
    ['a prefix with a blank (K-086)', { tokenPrefix: 'a b' }],
    [
      'a digest of another length (K-051, K-052)',
      { secureHashAlgorithm: (bytes) => createHash('sha256').update(bytes).digest('hex') },
    ],
    ['a digest that nobody knows (K-052)', { secureHashAlgorithm: 'md5' as never }],
    ['no length of tokens (K-076)', { authTokenCharacterLength: 1 }],
    ['a broken length of tokens (K-076)', { authTokenCharacterLength: 12.5 }],
    ['a life time that is a text (K-077)', { tokenTtl: '60' as never }],
    ['a limit that is no number (K-079)', { tokenLimitPerUser: Number.NaN }],
  ])('are refused at the start with %s', (_what, options) => {
    expect(() => {
      check(options);
    }).toThrow(ImproperlyConfigured);
  });

  it.each(['lastUseInterval', 'endOnPasswordChange'] as const)('want a table of details for %s', (option) => {
    const store = Object.assign(new MemoryKnoxStore(), { keepsDetails: false as true });
    expect(() => {
      check({ store, [option]: option === 'lastUseInterval' ? 60 : true });
    }).toThrow(/AuthTokenDetailsSchema/);
  });

  it('take a prefix of ten characters, and another digest (K-052, K-075, K-086)', async () => {
    const world = await openWorld({
      tokenPrefix: '🔑'.repeat(10),
      secureHashAlgorithm: (bytes) => createHash('sha512').update('pepper').update(bytes).digest('hex'),
      authTokenCharacterLength: 40,
    });
    const [token, text] = await createAuthToken(world.settings, world.ann);
    expect(text).toMatch(/^(?:🔑){10}[0-9a-f]{40}$/u);
    expect(token.digest).toBe(createHash('sha512').update(`pepper${text}`).digest('hex'));
    const header = Buffer.from(`Token ${text}`, 'utf8').toString('latin1');
    expect((await world.send(header)).data.user).toBe('ann');
  });

  it('are those of one app, and asked with each request (K-088, K-089)', async () => {
    const world = await openWorld();
    const other = world.with({ tokenTtl: 60, tokenPrefix: 'x_' });
    expect(await world.token('ann', other)).toMatch(/^x_/);
    expect(await world.token('ann')).toMatch(/^[0-9a-f]/);
    expect(() => LoginView.asView({ settings: defineSettings() })).toThrow(/knox\({ store/);
  });
});

describe('createAuthToken', () => {
  it('gives the row and the text, with an end and a prefix of its own (K-051, K-062)', async () => {
    const { settings, ann } = await openWorld();
    const [token, text] = await createAuthToken(settings, ann, { expiry: 60, prefix: 'own_' });
    expect(token).toBeInstanceOf(AuthToken);
    expect([text.slice(0, 4), token.expiry!.getTime() - token.created.getTime()]).toEqual(['own_', 60_000]);
    expect((await createAuthToken(settings, ann, { expiry: null }))[0].expiry).toBeNull();
    await expect(createAuthToken(settings, ann, { prefix: 'x'.repeat(11) })).rejects.toThrow(ImproperlyConfigured);
  });

  it('gives a row that shows its digest and its user, and no token (K-063, K-110)', async () => {
    const { settings, ann } = await openWorld();
    const [token, text] = await createAuthToken(settings, ann);
    expect(String(token)).toBe(`${token.digest} : ann`);
    for (const shown of [String(token), inspect(token), JSON.stringify(token)]) expect(shown).not.toContain(text);
  });
});
