import { expect, it } from '@jest/globals';
import {
  Argon2PasswordHasher,
  BCryptPasswordHasher,
  BCryptSHA256PasswordHasher,
  checkPassword,
  identifyHasher,
  MD5PasswordHasher,
  PBKDF2PasswordHasher,
  SHA1PasswordHasher,
  UnsaltedMD5PasswordHasher,
  UnsaltedSHA1PasswordHasher,
} from 'sallyport';
import type { PasswordHashers } from 'sallyport';
import { systemRandom } from '../../../src/crypto/random';

const hashers: PasswordHashers = [
  new PBKDF2PasswordHasher({ iterations: 1 }),
  new Argon2PasswordHasher({ memoryCost: 8, timeCost: 1, parallelism: 1 }),
  new BCryptSHA256PasswordHasher({ rounds: 4 }),
  new BCryptPasswordHasher({ rounds: 4 }),
  new MD5PasswordHasher(),
  new SHA1PasswordHasher(),
  new UnsaltedMD5PasswordHasher(),
  new UnsaltedSHA1PasswordHasher(),
];
const WRITTEN = '$=,.+-/ 0189azAZ\0é';
/** What asks for lawful, but long work: a test of its own is about these. */
const LABORIOUS = /m=\d{5}|[tp]=\d{3}|\$2[aby]\$(?:0[7-9]|1\d)|sha256\$\d{5}/;

/** The versions of bcrypt are one algorithm, and differ in the faults of programs that wrote them. */
const sameVersion = (encoded: string): string => encoded.replace(/\$2[aby]\$/, '$2b$');

/** Numbers below 1, the same ones each time. */
function* numbers(): Generator<number, never> {
  for (let state = 1; ;) {
    state = (state * 48_271) % 2_147_483_647;
    yield state / 2_147_483_647;
  }
}

it('a damaged hash matches nothing and is no error, wherever the damage is', async () => {
  const draw = numbers();
  const below = (limit: number): number => Math.floor(draw.next().value * limit);
  const damage = (text: string): string => {
    const at = below(text.length);
    const [inserted, removed] = [below(3) > 0 ? WRITTEN[below(WRITTEN.length)]! : '', below(2)];
    return text.slice(0, at) + inserted + text.slice(at + removed);
  };
  for (const hasher of hashers) {
    const sound = await hasher.encode('secret', hasher.salt(systemRandom));
    expect((await checkPassword('secret', sound, hashers)).ok).toBe(true);
    let recognized = 0;
    for (let time = 0; time < 200; time++) {
      const damaged = damage(time % 2 === 0 ? sound : damage(sound));
      if (sameVersion(damaged) === sameVersion(sound) || LABORIOUS.test(damaged)) continue;
      if (identifyHasher(damaged, hashers) !== null) recognized++;
      expect([damaged, (await checkPassword('secret', damaged, hashers)).ok]).toEqual([damaged, false]);
    }
    // Else nothing was compared, and the test would prove little.
    expect(recognized).toBeGreaterThan(5);
  }
});
