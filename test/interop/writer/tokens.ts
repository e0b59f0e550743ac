import { createAPIKey, revokeAPIKey } from 'sallyport/api-key';
import { createAuthToken } from 'sallyport/knox';
import { knoxStore, tokenStore } from 'sallyport/mikro-orm';
import type { Manifest } from './manifest';
import type { Project } from './project';

export async function writeDrfTokens(project: Project): Promise<Manifest['drf_tokens']> {
  const store = tokenStore(project.orm);
  const user = await project.createUser('drf_token');
  const other = await project.createUser('drf_token_replaced');
  const [{ key }] = await store.getOrCreate(user);
  const [{ key: replaced }] = await store.getOrCreate(other);
  const { key: replacement } = await store.replace(other);
  return [
    { key, user_id: user.id },
    { key: replacement, user_id: other.id },
    { key: replaced, user_id: other.id, accepted: false },
    { key: key.toUpperCase(), user_id: user.id, accepted: false },
    { key: '0'.repeat(40), user_id: user.id, accepted: false },
  ];
}

export async function writeKnoxTokens(project: Project): Promise<Manifest['knox_tokens']> {
  const { settings, orm } = project;
  const user = await project.createUser('knox');
  const inactive = await project.createUser('knox_inactive', { isActive: false });
  const leaving = await project.createUser('knox_logged_out');
  const all = [
    await createAuthToken(settings, user),
    await createAuthToken(settings, user, { expiry: null }),
    await createAuthToken(settings, user, { prefix: 'live-' }),
  ];
  const [, expired] = await createAuthToken(project.settingsAt(-86_400), user);
  const [, refused] = await createAuthToken(settings, inactive);
  const [token, left] = await createAuthToken(settings, leaving);
  await knoxStore(orm).delete(token);
  const [first] = all.map(([, text]) => text) as [string];
  const bad = [expired, refused, left, first.toUpperCase(), `${first}0`, first.slice(0, -1)];
  return [
    ...all.map(([, text]) => ({ token: text, user_id: user.id })),
    ...bad.map((text) => ({ token: text, user_id: user.id, accepted: false })),
  ];
}

export async function writeApiKeys({ settings }: Project): Promise<Manifest['api_keys']> {
  const create = async (purpose: string, expiryDate: Date | null = null): Promise<string> => {
    const [, key] = await createAPIKey(settings, { name: `${purpose} ☃`, expiryDate });
    return key;
  };
  const inAYear = new Date(Date.now() + 365 * 86_400_000);
  const [key, limited, revoked] = [await create('job'), await create('year', inAYear), await create('revoked')];
  await revokeAPIKey(settings, revoked.slice(0, revoked.indexOf('.')));
  const expired = await create('ended', new Date(Date.now() - 60_000));
  const bad = [revoked, expired, key.toLowerCase(), `${key}0`, key.replace('.', ''), ''];
  return [{ key }, { key: limited }, ...bad.map((text) => ({ key: text, accepted: false }))];
}
