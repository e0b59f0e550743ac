import { onEnd } from '../../core/host';
import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { TokenError } from './exceptions';
import type { RefreshToken } from './revocable-tokens';
import { jwt } from './settings';
import type { FamilyMember, RotationOutcome } from './store';
import type { Token, TokenClass } from './tokens';

/**
 * Families of refresh tokens (RFC 9700, section 4.14.2): all that follow from one log in. A refresh token is used once. Who
 * uses it again has it from somebody else, or is that somebody, and nobody can tell which: so all of the family end.
 *
 * A client that got no answer, or one with two windows, uses a token again as well, a moment later. Within the grace
 * period it is answered with the present token of its family: the same claims signed again, so that none must be kept.
 */

/** The claim with the family of a token: the `jti` of the first one, which itself has none. */
export const FAMILY_CLAIM = 'refresh_family';

const TEXT = /^[^\0]{1,255}$/;

/** A refresh token that was used again after the grace period. */
export interface RefreshReuse {
  /** The `jti` of the first token of the family. */
  readonly family: string;
  /** The `jti` of the token that was used again. */
  readonly jti: string;
  readonly user: BaseUser | null;
}

/** Where a token is dealt with. */
export interface RefreshContext {
  /** Whose token it is; null when they are gone, or the token names nobody. */
  readonly user: BaseUser | null;
  readonly request: Request | undefined;
}

/** Begins the family of a token that was made at a log in. */
export function startFamily(token: RefreshToken, user: BaseUser | null): Awaitable<void> {
  return token.options.families?.start({
    id: jtiOf(token),
    userPk: user === null ? null : String(user.pk),
    member: memberOf(token),
  });
}

/**
 * Checks that a token is the present one of its family.
 * @throws TokenError
 */
export function checkFamily(token: Token): Awaitable<void> {
  const { families } = token.options;
  if (families === null) return undefined;
  return families.find(familyOf(token)).then((state) => {
    const isGood = state === null ? !token.has(FAMILY_CLAIM) : !state.isEnded && state.jti === jtiOf(token);
    if (!isGood) throw refused();
  });
}

/**
 * What follows a refresh token, once for each: whoever comes with it within the grace period gets the same.
 * @throws TokenError for a token of before; after the grace period this ends its family
 */
export async function rotateFamily(token: RefreshToken, context: RefreshContext): Promise<RefreshToken> {
  const wasListed = await isListed(token, jtiOf(token));
  const successor = successorOf(token);
  const outcome = await rotate(token, { successor, mayBegin: !wasListed, user: context.user });
  if (outcome.kind === 'reused') await reportReuse(token, outcome.member, context);
  if (outcome.kind !== 'rotated' && outcome.kind !== 'repeated') throw refused();
  const next = withMember(successor, outcome.member);
  // Django beside us may have called back what nobody here has used.
  if (outcome.kind === 'rotated' ? wasListed : await isListed(token, outcome.member.jti)) {
    await afterAnswer(context.request, () => endFamily(token, context.user));
    throw refused();
  }
  // Each step may be repeated, so one that was lost on the way is made up for by the next who comes.
  if (token.options.blacklistAfterRotation) await token.blacklist(context.user);
  await next.outstand(context.user);
  return next;
}

interface RotationAttempt {
  readonly successor: RefreshToken;
  /** Whether a token that no family knows may begin one. */
  readonly mayBegin: boolean;
  readonly user: BaseUser | null;
}

async function rotate(token: RefreshToken, { successor, mayBegin, user }: RotationAttempt): Promise<RotationOutcome> {
  const families = token.options.families!;
  const { refreshGracePeriod: grace } = token.options;
  const rotation = { jti: jtiOf(token), successor: memberOf(successor), now: token.currentTime, grace };
  const outcome = await families.rotate(familyOf(token), rotation);
  if (outcome.kind !== 'unknown' || !mayBegin || token.has(FAMILY_CLAIM)) return outcome;
  // It is of before there were families, and becomes the first of one.
  await startFamily(token, user);
  return families.rotate(familyOf(token), rotation);
}

async function isListed({ options }: RefreshToken, jti: string): Promise<boolean> {
  return (await options.blacklist?.isBlacklisted(jti)) === true;
}

/** Ends the family of a token, and calls its present token back, for simplejwt beside us. */
export async function endFamily(token: RefreshToken, user: BaseUser | null): Promise<boolean> {
  const last = await token.options.families!.end(familyOf(token), momentOf(token));
  if (last !== null && token.options.blacklist !== null) await withMember(successorOf(token), last).blacklist(user);
  return last !== null;
}

/**
 * Ends the family of a token at a log out: any token of the family will do.
 * @throws TokenError when it was ended before
 */
export async function closeFamily(token: RefreshToken, context: RefreshContext): Promise<void> {
  const families = token.options.families!;
  if (await endFamily(token, context.user)) return;
  if (token.has(FAMILY_CLAIM) || (await families.find(familyOf(token))) !== null) throw refused();
  await startFamily(token, context.user);
  await endFamily(token, context.user);
}

/**
 * Ends all families of a user, so that each of their devices must log in again: after a theft, say.
 * @returns how many these were
 */
export async function endRefreshFamilies(settings: Settings, user: BaseUser): Promise<number> {
  const { families } = jwt.of(settings);
  return (await families?.endAllOf(String(user.pk), new Date(settings.clock.now()))) ?? 0;
}

/**
 * Does something once the answer is made, whoever makes it. The transaction of a request that is refused is rolled back,
 * with all that was written there.
 */
export async function afterAnswer(request: Request | undefined, work: () => Promise<unknown>): Promise<void> {
  if (request === undefined) await work();
  else onEnd(request.raw, async () => void (await work()));
}

async function reportReuse(token: RefreshToken, last: FamilyMember, context: RefreshContext): Promise<void> {
  const { families, blacklist, onRefreshReuse } = token.options;
  const { user, request } = context;
  const reuse: RefreshReuse = { family: familyOf(token), jti: jtiOf(token), user };
  const report = { family: reuse.family, jti: reuse.jti, user: user?.pk ?? null };
  token.settings.logger.error(report, 'A refresh token was used again, and its family is ended.');
  await afterAnswer(request, async () => {
    await families!.end(reuse.family, momentOf(token));
    if (blacklist !== null) await withMember(successorOf(token), last).blacklist(user);
    await onRefreshReuse?.(reuse, request);
  });
}

function refused(): TokenError {
  return new TokenError('Token is blacklisted');
}

/** @throws TokenError for a token without a family that a store could hold */
function familyOf(token: Token): string {
  return token.has(FAMILY_CLAIM) ? textOf(token, FAMILY_CLAIM) : jtiOf(token);
}

function jtiOf(token: Token): string {
  const claim = token.options.jtiClaim!;
  if (!token.has(claim)) throw new TokenError('Token has no id');
  return textOf(token, claim);
}

function textOf(token: Token, claim: string): string {
  const value = token.get(claim);
  if (typeof value === 'string' && TEXT.test(value)) return value;
  throw new TokenError('Token is invalid');
}

function memberOf(token: Token): FamilyMember {
  const issuedAt = token.get('iat');
  return {
    jti: jtiOf(token),
    issuedAt: typeof issuedAt === 'number' ? issuedAt : Math.floor(token.currentTime),
    expiresAt: token.get('exp') as number,
  };
}

/** The same token with another number and other times. */
function successorOf(token: RefreshToken): RefreshToken {
  const Class = token.constructor as TokenClass<RefreshToken>;
  const successor = new Class(token.settings, { ...token.payload, [FAMILY_CLAIM]: familyOf(token) });
  successor.setJti();
  successor.setExp();
  successor.setIat();
  return successor;
}

function withMember(token: RefreshToken, { jti, issuedAt, expiresAt }: FamilyMember): RefreshToken {
  token.set(token.options.jtiClaim!, jti);
  token.set('iat', issuedAt);
  token.set('exp', expiresAt);
  return token;
}

function momentOf({ currentTime }: Token): Date {
  return new Date(currentTime * 1000);
}
