import {
  Argon2PasswordHasher,
  BCryptPasswordHasher,
  BCryptSHA256PasswordHasher,
  MD5PasswordHasher,
  PBKDF2PasswordHasher,
  PBKDF2SHA1PasswordHasher,
  ScryptPasswordHasher,
  SHA1PasswordHasher,
  UnsaltedMD5PasswordHasher,
  UnsaltedSHA1PasswordHasher,
  type PasswordHashers,
} from 'sallyport';

/** Those of a project of Django 3.2 that reads all there ever was. Other iterations are an outdated hash, as in Django. */
export const hashers: PasswordHashers = [
  new PBKDF2PasswordHasher({ iterations: 260_000 }),
  new PBKDF2SHA1PasswordHasher({ iterations: 260_000 }),
  new Argon2PasswordHasher(),
  new BCryptSHA256PasswordHasher(),
  new BCryptPasswordHasher(),
  new ScryptPasswordHasher(),
  new SHA1PasswordHasher(),
  new MD5PasswordHasher(),
  new UnsaltedMD5PasswordHasher(),
  new UnsaltedSHA1PasswordHasher(),
];
