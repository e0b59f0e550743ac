import { describe, expect, it, jest } from '@jest/globals';
import {
  BCryptPasswordHasher,
  checkPassword,
  defaultPasswordHashers,
  ImproperlyConfigured,
  makePassword,
} from 'sallyport';

const missing = (name: string) => (): never => {
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
};
jest.mock('@node-rs/argon2', missing('@node-rs/argon2'));
jest.mock('@node-rs/bcrypt', missing('@node-rs/bcrypt'));

describe('without the packages of Argon2 and bcrypt', () => {
  it.each([
    ['argon2', 'argon2$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$RIUM4xR2KuRbMoqcZI9Z3WYGRylvwpZbUuM194kROow'],
    ['bcrypt', 'bcrypt_sha256$$2b$04$P1qdqrkMWrIRGY7JZCbpfu6LMA7mMfvXm.ucbGUyH/zeqofE/lk52'],
  ])('a stored hash of %s says what to install, to the developer', async (name, encoded) => {
    const check = checkPassword('secret', encoded);
    await expect(check).rejects.toThrow(ImproperlyConfigured);
    await expect(check).rejects.toThrow(`npm install @node-rs/${name}`);
    await expect(check).rejects.toMatchObject({ cause: { code: 'MODULE_NOT_FOUND' } });
  });

  it('so does a new one', async () => {
    await expect(makePassword('secret', [new BCryptPasswordHasher()])).rejects.toThrow('npm install @node-rs/bcrypt');
  });

  it('all other hashes work', async () => {
    const [preferred, ...others] = defaultPasswordHashers;
    const encoded = await preferred.encode('secret', 'abcdefghijklmnopqrstuv');
    expect((await checkPassword('secret', encoded, [preferred, ...others])).ok).toBe(true);
    expect((await checkPassword('secret', 'argon2$damaged')).ok).toBe(false);
  });
});
