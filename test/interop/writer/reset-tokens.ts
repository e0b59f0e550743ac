import { encodeUid, PasswordResetTokenGenerator, User } from 'sallyport';
import type { Manifest } from './manifest';
import { PASSWORD, type Project } from './project';

type Entry = Manifest['reset_tokens'][number];

const THREE_DAYS = 259_200;

/** Tokens that are good, and tokens that have ended: by time, by a log in, by another password or another address. */
export async function writeResetTokens(project: Project): Promise<Manifest['reset_tokens']> {
  const tokens = new PasswordResetTokenGenerator(project.settings);
  const at = (seconds: number) => new PasswordResetTokenGenerator(project.settingsAt(seconds));
  const { users, orm } = project;
  const create = (purpose: string): Promise<User> => project.createUser(`reset_${purpose}`);
  const [user, back, again, moved, other] = [
    await create('password'),
    await create('seen_before'),
    await create('new_password'),
    await create('new_address'),
    await create('other'),
  ];
  const entry = (owner: User, token: string, accepted = true): Entry => ({ uid: encodeUid(owner.pk), token, accepted });

  const beforeLogIn = entry(back, tokens.makeToken(back), false);
  await users.updateLastLogin(back, new Date());
  const beforeChange = entry(again, tokens.makeToken(again), false);
  await users.setPassword(again, PASSWORD);
  const beforeMove = entry(moved, tokens.makeToken(moved), false);
  await orm.em.fork().nativeUpdate(User, { id: moved.id }, { email: 'elsewhere@example.com' });
  const token = tokens.makeToken(user);
  return [
    entry(user, token),
    entry(user, at(60 - THREE_DAYS).makeToken(user)),
    entry(back, tokens.makeToken(back)),
    entry(again, tokens.makeToken(again)),
    beforeLogIn,
    beforeChange,
    beforeMove,
    entry(user, at(-60 - THREE_DAYS).makeToken(user), false),
    entry(other, token, false),
    entry(user, `${token.slice(0, -2)}zz`, false),
    entry(user, '', false),
  ];
}
