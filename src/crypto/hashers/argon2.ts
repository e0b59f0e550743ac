import type * as Argon2 from '@node-rs/argon2';
import type { RawPassword } from './hasher';
import { missingPackage } from './optional-package';
import { parseCost, SaltedPasswordHasher } from './salted';
import type { HashParameters } from './salted';

/** 128 bits: a shorter hash could be met by chance. */
const MIN_HASH_LENGTH = 16;
/** What argon2-cffi makes since; Django's column has room for little more. */
const MAX_HASH_LENGTH = 32;
/** KiB: half a gigabyte, five times what Django's own cost needs. */
const MAX_MEMORY = 2 ** 19;
/** KiB times passes: about twenty times Django's own cost. */
const MAX_WORK = 2 ** 22;
/** What the package counts lanes with. */
const MAX_LANES = 255;

const VARIETIES: Readonly<Record<string, Argon2.Algorithm>> = { argon2d: 0, argon2i: 1, argon2id: 2 };
const VERSION_16: Argon2.Version = 0;
const VERSION_19: Argon2.Version = 1;

/** What new hashes of Argon2 cost. */
export interface Argon2Options {
  /** Memory for new hashes, in KiB. @default 102_400 */
  readonly memoryCost?: number;
  /** Passes over that memory. @default 2 */
  readonly timeCost?: number;
  /** Lanes, which may be computed beside each other. @default 8 */
  readonly parallelism?: number;
  /** Bytes of a new hash: 16 beside a Django whose argon2-cffi is older than 21.2. @default 32 */
  readonly hashLength?: number;
}

/** What a PHC string says. The salt's bytes are the characters of a text, as Django has them. */
interface Argon2Parameters extends HashParameters {
  readonly variety: string;
  /** Null where the string names none, which means 16. */
  readonly version: number | null;
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
  readonly hashBytes: number;
}

// RFC 9106 section 3.1: a salt has 8 bytes and more, a hash 4. The most is ours: no hash of Django's is longer.
const PHC =
  /^argon2\$(argon2(?:id|i|d))\$(?:v=(16|19)\$)?m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{6,171})$/;
type PHCParts = [
  variety: string,
  version: string | undefined,
  m: string,
  t: string,
  p: string,
  salt: string,
  hash: string,
];

/**
 * `argon2$argon2id$v=19$m=102400,t=2,p=8$<salt>$<hash>`: a PHC string behind the word `argon2`. New hashes are Argon2id;
 * those of Argon2i and Argon2d are verified too. It needs the package `@node-rs/argon2`, which the first hash loads.
 *
 * @throws ImproperlyConfigured by its methods, when that package is missing
 */
export class Argon2PasswordHasher extends SaltedPasswordHasher<Argon2Parameters> {
  readonly algorithm: string = 'argon2';
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
  readonly hashLength: number;

  /** @throws RangeError for a number that isn't whole, or that the algorithm doesn't allow */
  constructor({ memoryCost = 102_400, timeCost = 2, parallelism = 8, hashLength = 32 }: Argon2Options = {}) {
    super();
    if (!isLawful({ memoryCost, timeCost, parallelism })) {
      throw new RangeError(
        'memoryCost, timeCost and parallelism must be positive whole numbers, with 8 KiB or more for each of at most 255 lanes.',
      );
    }
    if (!Number.isInteger(hashLength) || hashLength < MIN_HASH_LENGTH || hashLength > MAX_HASH_LENGTH) {
      throw new RangeError(
        `hashLength must be a whole number from ${String(MIN_HASH_LENGTH)} to ${String(MAX_HASH_LENGTH)}.`,
      );
    }
    this.memoryCost = memoryCost;
    this.timeCost = timeCost;
    this.parallelism = parallelism;
    this.hashLength = hashLength;
  }

  protected parametersFor(salt: string): Argon2Parameters {
    const { memoryCost, timeCost, parallelism, hashLength } = this;
    return {
      salt: Buffer.from(salt, 'utf8').toString('latin1'),
      variety: 'argon2id',
      version: 19,
      memoryCost,
      timeCost,
      parallelism,
      hashBytes: hashLength,
    };
  }

  protected decode(encoded: string): Argon2Parameters | null {
    const parts = PHC.exec(encoded)?.slice(1);
    if (parts === undefined) return null;
    const [variety, version, m, t, p, salt, hash] = parts as PHCParts;
    const costs = { memoryCost: parseCost(m), timeCost: parseCost(t), parallelism: parseCost(p) };
    if (!isLawful(costs) || !this.#isBearable(costs)) return null;
    return {
      ...costs,
      variety,
      version: version === undefined ? null : Number(version),
      salt: Buffer.from(salt, 'base64').toString('latin1'),
      hashBytes: Buffer.from(hash, 'base64').length,
    };
  }

  protected async hash(password: RawPassword, parameters: Argon2Parameters): Promise<string> {
    const { variety, version, memoryCost, timeCost, parallelism, hashBytes } = parameters;
    const salt = Buffer.from(parameters.salt, 'latin1');
    const hash = await load().hashRaw(password, {
      algorithm: VARIETIES[variety]!,
      version: version === 19 ? VERSION_19 : VERSION_16,
      memoryCost,
      timeCost,
      parallelism,
      outputLen: hashBytes,
      salt,
    });
    const costs = `m=${String(memoryCost)},t=${String(timeCost)},p=${String(parallelism)}`;
    const versions = version === null ? [] : [`v=${String(version)}`];
    return [this.algorithm, variety, ...versions, costs, unpadded(salt), unpadded(hash)].join('$');
  }

  /** Whether a stored cost is within our limits, or within what the app itself has chosen. */
  #isBearable({ memoryCost, timeCost }: Argon2Costs): boolean {
    return (
      memoryCost <= Math.max(MAX_MEMORY, this.memoryCost) &&
      memoryCost * timeCost <= Math.max(MAX_WORK, this.memoryCost * this.timeCost)
    );
  }
}

type Argon2Costs = Required<Omit<Argon2Options, 'hashLength'>>;

/** RFC 9106 section 3.1, so that the algorithm doesn't throw over a stored cost. */
function isLawful({ memoryCost, timeCost, parallelism }: Argon2Costs): boolean {
  const lawful =
    parallelism <= MAX_LANES && memoryCost >= 8 * parallelism && memoryCost < 2 ** 32 && timeCost < 2 ** 32;
  return lawful && [memoryCost, timeCost, parallelism].every((cost) => Number.isInteger(cost) && cost > 0);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

function load(): typeof Argon2 {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it for everybody
    return require('@node-rs/argon2') as typeof Argon2;
  } catch (cause) {
    throw missingPackage('Argon2', '@node-rs/argon2', cause);
  }
}
