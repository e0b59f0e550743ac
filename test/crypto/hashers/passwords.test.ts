import { describe, expect, it } from '@jest/globals';
import {
  checkPassword,
  defaultPasswordHashers,
  identifyHasher,
  isPasswordUsable,
  makePassword,
  makeUnusablePassword,
  MD5PasswordHasher,
  PBKDF2PasswordHasher,
  PBKDF2SHA1PasswordHasher,
  ScryptPasswordHasher,
} from '../../../src/crypto/hashers';
import type { PasswordHasher, PasswordHashers } from '../../../src/crypto/hashers';
import { MeasuredHasher } from '../../support/measured-hasher';

const SALT = 'abcdefghijklmnopqrstuv';

/** Stored by Django for the password beside it. */
const stored = {
  pbkdf2: ['pässwörd', 'pbkdf2_sha256$1000$NaClNaClNaCl$R2oCAdfEsCw0dle9fZcK/jpnzXroZzamstLgK6SfIeI='],
  pbkdf2Empty: ['', 'pbkdf2_sha256$1$NaClNaClNaCl$EHhepcsIRrHPxldBVOiHGhoILWpkwbb8a8dUi/WQpy4='],
  pbkdf2Secret: ['secret', 'pbkdf2_sha256$1000$NaClNaClNaCl$wNSIo3Xxn40jMATTAInliPE1puSKz/kEHTcfdsEYyRw='],
  pbkdf2Sha1: ['password', 'pbkdf2_sha1$1000$seasalt$C8KvRfPW529R7JpDHEDOP35Xr0g='],
  md5: ['lètmein', 'md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3'],
  scrypt: [
    'lètmein',
    'scrypt$16384$seasalt$8$5$ECMIUp+LMxMSK8xB/IVyba+KYGTI7FTnet025q/1f/vBAVnnP3hdYqJuRi+mJn6ji6ze3Fbb7JEFPKGpuEf5vw==',
  ],
  scryptOfDjango40: [
    'correct horse battery',
    'scrypt$16384$scryptSaltSalt22chars0$8$1$VN94kNa183RG8XYlRebPhLehciVqO2qFNiXSnFINDysw8Ul73aTeLsz2Zs/3+s1eyvPt8sRk8zieFZuhDhDs8A==',
  ],
} as const;

const all: PasswordHashers = [
  new PBKDF2PasswordHasher({ iterations: 1000 }),
  new PBKDF2SHA1PasswordHasher({ iterations: 1000 }),
  new ScryptPasswordHasher(),
  new MD5PasswordHasher(),
];

describe('the hashers write what Django writes (A-043, A-044, A-047, A-048)', () => {
  it.each<[string, PasswordHasher, readonly [string, string], string]>([
    ['PBKDF2-SHA256', all[0], stored.pbkdf2, 'NaClNaClNaCl'],
    ['PBKDF2-SHA256 with one round', new PBKDF2PasswordHasher({ iterations: 1 }), stored.pbkdf2Empty, 'NaClNaClNaCl'],
    ['PBKDF2-SHA1', all[1]!, stored.pbkdf2Sha1, 'seasalt'],
    ['scrypt', all[2]!, stored.scrypt, 'seasalt'],
    ['MD5', all[3]!, stored.md5, 'seasalt'],
  ])('%s', async (_name, hasher, [password, encoded], salt) => {
    expect(await hasher.encode(password, salt)).toBe(encoded);
    expect(await hasher.encode(Buffer.from(password, 'utf8'), salt)).toBe(encoded);
  });

  it.each(Object.entries(stored))('%s is verified, and nothing else for it', async (_name, [password, encoded]) => {
    expect((await checkPassword(password, encoded, all)).ok).toBe(true);
    expect((await checkPassword(`${password}x`, encoded, all)).ok).toBe(false);
  });

  it('never normalises a password', async () => {
    const [password, encoded] = stored.pbkdf2;
    expect((await checkPassword(password.normalize('NFD'), encoded, all)).ok).toBe(false);
  });

  it('refuses salts that could not be read back (A-049)', async () => {
    for (const hasher of all) {
      await expect(hasher.encode('secret', '')).rejects.toThrow(RangeError);
      await expect(hasher.encode('secret', 'a$b')).rejects.toThrow('salt must be provided and cannot contain $.');
    }
  });

  it('refuses rounds that are no positive whole number', () => {
    for (const iterations of [0, -1, 1.5, Number.NaN]) {
      expect(() => new PBKDF2PasswordHasher({ iterations })).toThrow(RangeError);
    }
  });
});

describe('makePassword', () => {
  it('uses the first hasher and a fresh salt of 128 bits (A-042, A-049)', async () => {
    const first = await makePassword('secret', all);
    const second = await makePassword('secret', all);
    expect(first).toMatch(/^pbkdf2_sha256\$1000\$[a-zA-Z0-9]{22}\$[A-Za-z0-9+/]{43}=$/);
    expect(second).not.toBe(first);
    expect(await checkPassword('secret', first, all)).toEqual({ ok: true, mustUpdate: false });
  });

  it('takes its salt from the random source that it is given', async () => {
    const random = { bytes: (size: number) => Buffer.alloc(size, 1) };
    expect(await makePassword('secret', all, random)).toContain(`$${'b'.repeat(22)}$`);
  });

  it('fits the column of Django with every hasher (A-042)', async () => {
    for (const hasher of all) expect((await makePassword('secret', [hasher])).length).toBeLessThanOrEqual(128);
  });

  it('makes an unusable password from null (A-050)', async () => {
    const encoded = await makePassword(null, all);
    expect(encoded).toMatch(/^![a-zA-Z0-9]{40}$/);
    expect(isPasswordUsable(encoded)).toBe(false);
    expect(await makePassword(null, all)).not.toBe(encoded);
  });

  it('refuses what is neither text nor bytes, and does not repeat it (A-054)', async () => {
    await expect(makePassword(12345 as never, all)).rejects.toThrow(
      new TypeError('Password must be a string or bytes, got number.'),
    );
  });

  it('makes one million rounds of SHA-256 where the app chooses nothing (A-042, A-043)', () => {
    const [preferred] = defaultPasswordHashers;
    expect(preferred).toBeInstanceOf(PBKDF2PasswordHasher);
    expect((preferred as PBKDF2PasswordHasher).iterations).toBe(1_000_000);
    expect(defaultPasswordHashers.map(({ algorithm }) => algorithm)).toEqual([
      'pbkdf2_sha256',
      'pbkdf2_sha1',
      'argon2',
      'bcrypt_sha256',
      'scrypt',
    ]);
  });

  it('leaves the event loop free meanwhile', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await makePassword('secret', [new PBKDF2PasswordHasher({ iterations: 200_000 })]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});

describe('an unusable password', () => {
  it('starts with an exclamation mark (A-050)', () => {
    expect(isPasswordUsable(makeUnusablePassword())).toBe(false);
    expect(isPasswordUsable('!')).toBe(false);
    expect(isPasswordUsable('md5$a$b')).toBe(true);
    expect(isPasswordUsable('')).toBe(true);
  });
});

describe('a stored value that nobody can verify', () => {
  const hash = 'R2oCAdfEsCw0dle9fZcK/jpnzXroZzamstLgK6SfIeI=';
  const broken: [string, string | null | undefined][] = [
    ['empty', ''],
    ['null', null],
    ['not loaded', undefined],
    ['unusable', `!${'a'.repeat(40)}`],
    ['an unusable one before a real hash', `!${stored.pbkdf2[1]}`],
    ['plain text', 'secret'],
    ['an unknown algorithm', 'rot13$salt$hash'],
    ['a name from the prototype of objects', 'constructor$1$salt$hash'],
    ['MD5 of old, without salt', 'md5$$88e4ddd2402d92d50e1879d6ecd9ffd4'],
    ['MD5 without a hash', 'md5$salt'],
    ['nothing but the algorithm', 'pbkdf2_sha256'],
    ['a part too few', 'pbkdf2_sha256$1000$salt'],
    ['a part too many', `pbkdf2_sha256$1000$salt$${hash}$`],
    ['an empty salt', `pbkdf2_sha256$1000$$${hash}`],
    ['no rounds', `pbkdf2_sha256$$salt$${hash}`],
    ['zero rounds', `pbkdf2_sha256$0$salt$${hash}`],
    ['negative rounds', `pbkdf2_sha256$-1$salt$${hash}`],
    ['rounds in another notation', `pbkdf2_sha256$1e3$salt$${hash}`],
    ['rounds that are no number', `pbkdf2_sha256$many$salt$${hash}`],
    ['more rounds than anybody waits for', `pbkdf2_sha256$4000000000$salt$${hash}`],
    ['more rounds than a number holds', `pbkdf2_sha256$${'9'.repeat(400)}$salt$${hash}`],
    ['scrypt with an N that is no power of two', 'scrypt$16383$salt$8$5$aGFzaA=='],
    ['scrypt with an N of one', 'scrypt$1$salt$8$5$aGFzaA=='],
    ['scrypt with an N too large for its r', 'scrypt$65536$salt$1$1$aGFzaA=='],
    ['scrypt for more memory than there is', 'scrypt$1073741824$salt$8$1$aGFzaA=='],
    ['scrypt with blocks for more memory than there is', 'scrypt$2$salt$999999999$1$aGFzaA=='],
    ['scrypt with endless passes', 'scrypt$16384$salt$8$999999999$aGFzaA=='],
    ['scrypt with cheap passes for more memory than there is', 'scrypt$2$salt$1$4194304$aGFzaA=='],
    ['scrypt without passes', 'scrypt$16384$salt$8$0$aGFzaA=='],
    ['scrypt without a hash', 'scrypt$16384$salt$8$5'],
  ];

  it.each(broken)('matches nothing and costs one run of the preferred hasher: %s', async (_name, encoded) => {
    const preferred = new MeasuredHasher({ iterations: 7 });
    const hashers: PasswordHashers = [preferred, new ScryptPasswordHasher(), new MD5PasswordHasher()];
    for (const password of ['secret', '']) {
      const rounds = await preferred.during(async () => {
        expect(await checkPassword(password, encoded, hashers)).toEqual({ ok: false, mustUpdate: false });
      });
      expect(rounds).toBe(7);
    }
  });

  it('is not one at the lower limits of scrypt', async () => {
    const scrypt = new ScryptPasswordHasher();
    for (const encoded of [
      'scrypt$2$salt$1$1$aGFzaA==',
      'scrypt$32768$salt$1$2$aGFzaA==',
      'scrypt$2$salt$256$1$aGFzaA==',
    ]) {
      expect(await checkPassword('secret', encoded, [scrypt])).toEqual({ ok: false, mustUpdate: false });
      expect(scrypt.recognizes(encoded)).toBe(true);
    }
  });

  it('has no hasher', () => {
    for (const [, encoded] of broken) expect(identifyHasher(encoded ?? '', all)).toBeNull();
  });

  it('is one whose algorithm is not in the list', async () => {
    const [password, encoded] = stored.md5;
    expect((await checkPassword(password, encoded, [all[0]])).ok).toBe(false);
  });

  it('does not match null, whatever is stored', async () => {
    const preferred = new MeasuredHasher({ iterations: 7 });
    const rounds = await preferred.during(async () => {
      expect((await checkPassword(null, stored.pbkdf2Empty[1], [preferred])).ok).toBe(false);
    });
    expect(rounds).toBe(7);
  });

  it('is not one whose rounds the app itself chose (A-055)', () => {
    const encoded = `pbkdf2_sha256$20000000$${SALT}$${hash}`;
    expect(new PBKDF2PasswordHasher({ iterations: 20_000_000 }).recognizes(encoded)).toBe(true);
    expect(all[0].recognizes(encoded)).toBe(false);
  });
});

describe('identifyHasher', () => {
  it('goes by the algorithm', () => {
    expect(identifyHasher(stored.pbkdf2[1], all)).toBe(all[0]);
    expect(identifyHasher(stored.pbkdf2Sha1[1], all)).toBe(all[1]);
    expect(identifyHasher(stored.scrypt[1], all)).toBe(all[2]);
    expect(identifyHasher(stored.md5[1], all)).toBe(all[3]);
  });
});

describe('the upgrade rule', () => {
  const hashers: PasswordHashers = [new PBKDF2PasswordHasher({ iterations: 5 }), new MD5PasswordHasher()];
  const encode = (iterations: number, salt: string): Promise<string> =>
    new PBKDF2PasswordHasher({ iterations }).encode('secret', salt);

  it('asks for a new hash where the rounds differ, in either direction (A-052)', async () => {
    expect((await checkPassword('secret', await encode(4, SALT), hashers)).mustUpdate).toBe(true);
    expect((await checkPassword('secret', await encode(6, SALT), hashers)).mustUpdate).toBe(true);
    expect((await checkPassword('secret', await encode(5, SALT), hashers)).mustUpdate).toBe(false);
  });

  it('asks for one where the salt has less than 128 bits (A-052)', async () => {
    expect((await checkPassword('secret', await encode(5, SALT.slice(1)), hashers)).mustUpdate).toBe(true);
    expect(new MD5PasswordHasher().mustUpdate(`md5$${SALT.slice(1)}$hash`)).toBe(true);
    expect(new MD5PasswordHasher().mustUpdate(`md5$${SALT}$hash`)).toBe(false);
  });

  it('asks for one where the algorithm is not the first (A-052)', async () => {
    const encoded = await new MD5PasswordHasher().encode('secret', SALT);
    expect(await checkPassword('secret', encoded, hashers)).toEqual({ ok: true, mustUpdate: true });
    expect(await checkPassword('secret', encoded, [hashers[1]!])).toEqual({ ok: true, mustUpdate: false });
  });

  it('asks for one where a cost of scrypt differs', () => {
    const scrypt = new ScryptPasswordHasher();
    expect(scrypt.mustUpdate(`scrypt$16384$${SALT}$8$5$hash`)).toBe(false);
    expect(scrypt.mustUpdate(`scrypt$16384$${SALT}$8$1$hash`)).toBe(true);
    expect(scrypt.mustUpdate(`scrypt$16384$${SALT}$4$5$hash`)).toBe(true);
    expect(scrypt.mustUpdate(`scrypt$8192$${SALT}$8$5$hash`)).toBe(true);
  });

  it('asks for nothing after a wrong password', async () => {
    expect(await checkPassword('wrong', await encode(4, SALT), hashers)).toEqual({ ok: false, mustUpdate: false });
  });
});

describe('a wrong password', () => {
  it('costs as many rounds against an old hash as against a new one (A-053)', async () => {
    const preferred = new MeasuredHasher({ iterations: 10 });
    for (const iterations of [1, 4, 10]) {
      const encoded = await new PBKDF2PasswordHasher({ iterations }).encode('secret', SALT);
      expect(await preferred.during(() => checkPassword('wrong', encoded, [preferred]))).toBe(10);
    }
  });

  it('costs what was stored where that is more', async () => {
    const preferred = new MeasuredHasher({ iterations: 10 });
    const encoded = await new PBKDF2PasswordHasher({ iterations: 12 }).encode('secret', SALT);
    expect(await preferred.during(() => checkPassword('wrong', encoded, [preferred]))).toBe(12);
  });
});
