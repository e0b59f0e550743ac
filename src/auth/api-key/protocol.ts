import { createHash } from 'node:crypto';
import { constantTimeEqual } from '../../crypto/compare';
import {
  makePassword,
  PBKDF2PasswordHasher,
  PBKDF2SHA1PasswordHasher,
  ScryptPasswordHasher,
} from '../../crypto/hashers';
import type { PasswordHasher, PasswordHashers, RawPassword } from '../../crypto/hashers';
import { randomString, type RandomSource } from '../../crypto/random';

/** Characters of a key before and after its dot. */
const PREFIX_LENGTH = 8;
const SECRET_LENGTH = 32;

/** Characters of a secret from which on nobody can try them all: 131 bits. */
const STRONG_SECRET_LENGTH = 22;

/** A fresh key, and what is kept of it. */
export interface GeneratedKey {
  /** What the client sends. */
  readonly key: string;
  /** What the row is found by. */
  readonly prefix: string;
  readonly hashedKey: string;
}

/** Makes a key: a prefix and a secret, each of letters and digits. */
export async function generateKey(hashers: PasswordHashers, random: RandomSource): Promise<GeneratedKey> {
  const prefix = randomString(PREFIX_LENGTH, undefined, random);
  const key = `${prefix}.${randomString(SECRET_LENGTH, undefined, random)}`;
  return { key, prefix, hashedKey: await makePassword(key, hashers, random) };
}

/** The two parts of a key; without a dot all of it is prefix. */
export function splitKey(key: string): readonly [prefix: string, secret: string] {
  const dot = key.indexOf('.');
  return dot < 0 ? [key, ''] : [key.slice(0, dot), key.slice(dot + 1)];
}

/** Whether a quick hash protects the key as well as a slow one. */
export function isStrong(key: string): boolean {
  return splitKey(key)[1].length >= STRONG_SECRET_LENGTH;
}

/**
 * `sha512$$<hex>`: how version 3 of the package keeps new keys. A key is random, so that neither salt nor slowness would
 * make it safer.
 */
export class SHA512APIKeyHasher implements PasswordHasher {
  readonly algorithm = 'sha512';

  salt(): string {
    return '';
  }

  encode(key: RawPassword): Promise<string> {
    return Promise.resolve(`sha512$$${createHash('sha512').update(key).digest('hex')}`);
  }

  recognizes(encoded: string): boolean {
    return /^sha512\$\$[0-9a-f]{128}$/.test(encoded);
  }

  async verify(key: RawPassword, encoded: string): Promise<boolean> {
    return constantTimeEqual(await this.encode(key), encoded);
  }

  mustUpdate(_encoded: string): boolean {
    return false;
  }

  hardenRuntime(_key: RawPassword, _encoded: string): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * The hashers of keys. A password is hashed slowly because people choose it; a key of 190 random bits is as safe with a
 * single round, and whoever sends rubbish must not be able to keep the server busy. Django's format is written, as every
 * version of the package reads it, and it fits the shorter column of versions 1 and 2.
 */
export const apiKeyHashers: PasswordHashers = Object.freeze([
  new PBKDF2PasswordHasher({ iterations: 1 }),
  new SHA512APIKeyHasher(),
  new PBKDF2SHA1PasswordHasher(),
  new ScryptPasswordHasher(),
]);
