import { RefreshFamily } from '../auth/jwt/models';
import type {
  FamilyMember,
  FamilyState,
  NewFamily,
  RefreshFamilyStore,
  Rotation,
  RotationOutcome,
} from '../auth/jwt/store';
import { IN_MEMORY } from '../core/in-memory';

/** The families of refresh tokens in memory. They are gone with the process. */
export class MemoryRefreshFamilyStore implements RefreshFamilyStore {
  readonly [IN_MEMORY] = true;
  readonly #families = new Map<string, RefreshFamily>();

  // Nothing is awaited between a look and a change, so no two callers can come between each other.

  start({ id, userPk, member }: NewFamily): Promise<void> {
    if (!this.#families.has(id)) {
      const family = Object.assign(new RefreshFamily(), { id, userPk, keptUntil: new Date(0) });
      become(family, member);
      this.#families.set(id, family);
    }
    return Promise.resolve();
  }

  async rotate(id: string, rotation: Rotation): Promise<RotationOutcome> {
    const family = this.#families.get(id);
    if (family === undefined) return { kind: 'unknown' };
    if (family.endedAt === null && family.jti === rotation.jti) {
      family.spent = [{ jti: family.jti, at: rotation.now }, ...family.spent].slice(0, RefreshFamily.remembered);
      become(family, rotation.successor);
      return { kind: 'rotated', member: family.toMember() };
    }
    const outcome = family.outcomeFor(rotation);
    if (outcome.kind === 'reused') await this.end(id, new Date(rotation.now * 1000));
    return outcome;
  }

  find(id: string): Promise<FamilyState | null> {
    const family = this.#families.get(id);
    return Promise.resolve(family === undefined ? null : { jti: family.jti, isEnded: family.endedAt !== null });
  }

  end(id: string, now: Date): Promise<FamilyMember | null> {
    const family = this.#families.get(id);
    if (family === undefined || family.endedAt !== null) return Promise.resolve(null);
    family.endedAt = now;
    return Promise.resolve(family.toMember());
  }

  async endAllOf(userPk: string, now: Date): Promise<number> {
    const ids = this.families.filter((one) => one.userPk === userPk && one.endedAt === null).map(({ id }) => id);
    await Promise.all(ids.map((id) => this.end(id, now)));
    return ids.length;
  }

  flushExpired(now: Date): Promise<number> {
    const gone = this.families.filter(({ keptUntil }) => keptUntil <= now);
    for (const { id } of gone) this.#families.delete(id);
    return Promise.resolve(gone.length);
  }

  /** What there is, in the order of the log ins. */
  get families(): RefreshFamily[] {
    return [...this.#families.values()];
  }
}

function become(family: RefreshFamily, { jti, issuedAt, expiresAt }: FamilyMember): void {
  family.jti = jti;
  family.issuedAt = new Date(issuedAt * 1000);
  family.expiresAt = new Date(expiresAt * 1000);
  if (family.keptUntil < family.expiresAt) family.keptUntil = family.expiresAt;
}
