import { RefreshFamily } from '../../auth/jwt/models';
import type { SpentMember } from '../../auth/jwt/models';
import type {
  FamilyMember,
  FamilyState,
  NewFamily,
  RefreshFamilyStore,
  Rotation,
  RotationOutcome,
} from '../../auth/jwt/store';
import { currentManager, execute } from '../orm';
import type { Orm, Row } from '../orm';
import { metadataOf } from './entity-class';

const START = `
INSERT INTO sallyport_refresh_family (id, user_pk, jti, issued_at, expires_at, kept_until, spent)
VALUES (?, ?, ?, to_timestamp(?), to_timestamp(?), to_timestamp(?), '[]')
ON CONFLICT (id) DO NOTHING`;

/** Of several at once, the others wait for the first, and find another token there. */
const ROTATE = `
UPDATE sallyport_refresh_family SET
  spent = jsonb_path_query_array(
    jsonb_build_array(jsonb_build_object('jti', jti, 'at', ?::double precision)) || spent,
    '$[0 to ${String(RefreshFamily.remembered - 1)}]'
  ),
  jti = ?,
  issued_at = to_timestamp(?),
  expires_at = to_timestamp(?),
  kept_until = greatest(kept_until, to_timestamp(?))
WHERE id = ? AND jti = ? AND ended_at IS NULL
RETURNING id`;

const MEMBER = `
  jti,
  extract(epoch FROM issued_at)::double precision AS "issuedAt",
  extract(epoch FROM expires_at)::double precision AS "expiresAt"`;

const FIND = `
SELECT ${MEMBER}, extract(epoch FROM ended_at)::double precision AS "endedAt", spent::text AS spent
FROM sallyport_refresh_family WHERE id = ?`;

const END = `
UPDATE sallyport_refresh_family SET ended_at = to_timestamp(?)
WHERE id = ? AND ended_at IS NULL RETURNING ${MEMBER}`;

const END_ALL = `
UPDATE sallyport_refresh_family SET ended_at = to_timestamp(?)
WHERE user_pk = ? AND ended_at IS NULL RETURNING id`;

const FLUSH = `
WITH gone AS (DELETE FROM sallyport_refresh_family WHERE kept_until <= to_timestamp(?) RETURNING id)
SELECT count(*)::int AS "count" FROM gone`;

/** The families of refresh tokens, on PostgreSQL. What it writes takes part in the transaction of the request, if there is one. */
export class MikroOrmRefreshFamilyStore implements RefreshFamilyStore {
  readonly #orm: Orm;

  /** @throws ImproperlyConfigured when `RefreshFamilySchema` is not among the entities */
  constructor(orm: Orm) {
    metadataOf(orm, RefreshFamily);
    this.#orm = orm;
  }

  async start({ id, userPk, member }: NewFamily): Promise<void> {
    const { jti, issuedAt, expiresAt } = member;
    await this.#run(START, id, userPk, jti, issuedAt, expiresAt, expiresAt);
  }

  async rotate(id: string, rotation: Rotation): Promise<RotationOutcome> {
    const { jti, successor, now } = rotation;
    const { jti: next, issuedAt, expiresAt } = successor;
    const rotated = await this.#run(ROTATE, now, next, issuedAt, expiresAt, expiresAt, id, jti);
    if (rotated.length > 0) return { kind: 'rotated', member: successor };
    const family = await this.#load(id);
    if (family === null) return { kind: 'unknown' };
    // Somebody has begun it between the two statements.
    if (family.jti === jti && family.endedAt === null) return this.rotate(id, rotation);
    const outcome = family.outcomeFor(rotation);
    if (outcome.kind === 'reused') await this.end(id, new Date(now * 1000));
    return outcome;
  }

  async find(id: string): Promise<FamilyState | null> {
    const family = await this.#load(id);
    return family === null ? null : { jti: family.jti, isEnded: family.endedAt !== null };
  }

  async end(id: string, now: Date): Promise<FamilyMember | null> {
    const [row] = await this.#run(END, secondsOf(now), id);
    return row === undefined ? null : (row as unknown as FamilyMember);
  }

  async endAllOf(userPk: string, now: Date): Promise<number> {
    const ended = await this.#run(END_ALL, secondsOf(now), userPk);
    return ended.length;
  }

  async flushExpired(now: Date): Promise<number> {
    const [row] = await this.#run(FLUSH, secondsOf(now));
    return row!['count'] as number;
  }

  async #load(id: string): Promise<RefreshFamily | null> {
    const [row] = await this.#run(FIND, id);
    if (row === undefined) return null;
    const { jti, issuedAt, expiresAt, endedAt, spent } = row as unknown as FoundRow;
    return Object.assign(new RefreshFamily(), {
      id,
      jti,
      issuedAt: dateOf(issuedAt),
      expiresAt: dateOf(expiresAt),
      endedAt: endedAt === null ? null : dateOf(endedAt),
      spent: JSON.parse(spent) as SpentMember[],
    });
  }

  #run(sql: string, ...params: readonly unknown[]): Promise<Row[]> {
    return execute(currentManager(this.#orm), sql, params);
  }
}

/** Moments are seconds since 1970. */
interface FoundRow extends FamilyMember {
  readonly endedAt: number | null;
  /** JSON. */
  readonly spent: string;
}

function secondsOf(date: Date): number {
  return date.getTime() / 1000;
}

function dateOf(seconds: number): Date {
  return new Date(seconds * 1000);
}

/**
 * The families of refresh tokens of an app, for the options of JSON web tokens. List `RefreshFamilySchema` among the
 * entities, and let `migrate` make the table.
 *
 * @throws ImproperlyConfigured when `RefreshFamilySchema` is not among the entities
 * @example defineSettings({ users: userStore(orm), secretKey }, jwt({ families: refreshFamilyStore(orm) }))
 */
export function refreshFamilyStore(orm: Orm): MikroOrmRefreshFamilyStore {
  return new MikroOrmRefreshFamilyStore(orm);
}
