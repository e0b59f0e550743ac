import { scrypt } from 'node:crypto';
import type { ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import type { RawPassword } from './hasher';
import { parseCost, SaltedPasswordHasher } from './salted';
import type { HashParameters } from './salted';

const derive = promisify<RawPassword, string, number, ScryptOptions, Buffer>(scrypt);

const HASH_BYTES = 64;
/** Of 128 bytes each: 128 MiB, eight times what Django's own cost needs. */
const MAX_MEMORY_BLOCKS = 2 ** 20;
/** For N times r times p: about thirteen times Django's own cost. */
const MAX_WORK = 2 ** 23;

/** The cost in the words of RFC 7914. */
interface ScryptParameters extends HashParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** `scrypt$<N>$<salt>$<r>$<p>$<base64 of 64 bytes>` with Django's N 16384, r 8, p 5. */
export class ScryptPasswordHasher extends SaltedPasswordHasher<ScryptParameters> {
  readonly algorithm: string = 'scrypt';

  protected parametersFor(salt: string): ScryptParameters {
    return { salt, N: 2 ** 14, r: 8, p: 5 };
  }

  protected decode(encoded: string): ScryptParameters | null {
    const [N = '', salt = '', r = '', p = ''] = this.split(encoded, 5) ?? [];
    const parameters = { salt, N: parseCost(N), r: parseCost(r), p: parseCost(p) };
    return salt !== '' && isBearable(parameters) ? parameters : null;
  }

  protected async hash(password: RawPassword, { salt, N, r, p }: ScryptParameters): Promise<string> {
    // What the algorithm needs; Node's own limit is less than the limits above.
    const maxmem = 128 * r * (N + p + 2);
    const hash = await derive(password, salt, HASH_BYTES, { N, r, p, maxmem });
    return [this.algorithm, N, salt, r, p, hash.toString('base64')].join('$');
  }
}

/** Whether a stored cost is within our limits and lawful, so that the algorithm does not throw over it. */
function isBearable({ N, r, p }: ScryptParameters): boolean {
  const bearable = r * (N + p) <= MAX_MEMORY_BLOCKS && N * r * p <= MAX_WORK;
  // RFC 7914 section 2: N is a power of two, larger than 1 and less than 2^(128 * r / 8).
  return bearable && N > 1 && Number.isInteger(Math.log2(N)) && N < 2 ** (16 * r);
}
