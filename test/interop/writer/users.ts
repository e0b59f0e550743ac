import { makePassword } from 'sallyport';
import { userStore } from 'sallyport/mikro-orm';
import { hashers } from '../hashers';
import type { Manifest } from './manifest';
import { PASSWORD, type Project } from './project';

/** Django 3.2 doesn't know it, Django 4 does. */
const TOO_NEW = 'scrypt';

const PASSWORDS = [PASSWORD, 'pässwörd☃', 'a'.repeat(80), ' blanks ', '$!', 'nul\0byte', ''];
/** For hashers that take their time, or can't take all of those. */
const FEW_PASSWORDS = PASSWORDS.slice(0, 2);
const QUICK = /md5|sha1$/;

/** Users with a hash of each kind. */
export async function writePasswords(project: Project): Promise<Manifest['passwords']> {
  const written: Manifest['passwords'][number][] = [];
  for (const hasher of hashers.filter(({ algorithm }) => algorithm !== TOO_NEW)) {
    const { algorithm } = hasher;
    const username = project.name(`pw_${algorithm}`);
    const password = `${PASSWORD} für ${algorithm}`;
    await userStore(project.orm, { hashers: [hasher] }).createUser({ username, password });
    // The wrong one first: the right one may make Django store a hash of another kind.
    written.push({ username, password: `${password} `, algorithm, accepted: false });
    written.push({ username, password, algorithm });
  }
  return written;
}

/** Hashes without users, of passwords of every sort. */
export async function writeHashes(): Promise<Manifest['hashes']> {
  const written: Manifest['hashes'][number][] = [];
  for (const hasher of hashers.filter(({ algorithm }) => algorithm !== TOO_NEW)) {
    for (const password of QUICK.test(hasher.algorithm) ? PASSWORDS : FEW_PASSWORDS) {
      const encoded = await makePassword(password, [hasher]);
      written.push({ password, encoded }, { password: `x${password}`, encoded, accepted: false });
    }
  }
  const unusable = await makePassword(null);
  return [...written, ...['', unusable].map((password) => ({ password, encoded: unusable, accepted: false }))];
}

/** Users with all sorts of fields. */
export async function writeUsers(project: Project): Promise<Manifest['users']> {
  const plain = await project.users.createUser({ username: project.name('plain') });
  const full = await project.users.createUser({
    username: project.name('Ｊürgen\u0301ﬁ'),
    email: 'Jürgen.Groß@EXAMPLE.Com',
    firstName: 'Jürgen ☃',
    lastName: 'O\'Neil \\ "quoted" 😀',
    isStaff: true,
    isActive: false,
  });
  const root = await project.users.createSuperuser({ username: project.name('root'), email: 'root@localhost' });
  return [plain, full, root].map((user) => ({
    username: user.username,
    fields: {
      email: user.email,
      first_name: user.firstName,
      last_name: user.lastName,
      is_active: user.isActive,
      is_staff: user.isStaff,
      is_superuser: user.isSuperuser,
    },
  }));
}
