import {
  MD5PasswordHasher,
  PBKDF2PasswordHasher,
  PBKDF2SHA1PasswordHasher,
  ScryptPasswordHasher,
  type PasswordHashers,
} from 'sallyport';

/** Those of a project of Django 3.2 that reads all there ever was. Other iterations are an outdated hash, as in Django. */
export const hashers: PasswordHashers = [
  new PBKDF2PasswordHasher({ iterations: 260_000 }),
  new PBKDF2SHA1PasswordHasher({ iterations: 260_000 }),
  new ScryptPasswordHasher(),
  new MD5PasswordHasher(),
];
