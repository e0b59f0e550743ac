import { isAPIException, needsChallenge, type APIException } from '../core/exceptions';
import { methodOf, nameOfPolicy } from '../core/inspection';
import { BasePermission, compositionOf, type Permission } from '../core/permissions';
import type { PolicyClass } from '../core/policy';
import type { BaseUser } from '../core/users';
import type { APIView } from '../core/views';
import { nameOfUser, type Trace } from './trace';

/** Who made a request, and who refused it. */
export interface Parties {
  readonly user: unknown;
  readonly decider: { readonly policy: string; readonly outcome: string } | null;
}

/** Why a request was answered as it was, in sentences. */
export function reasonsOf(view: APIView, trace: Trace, { user, decider }: Parties): string[] {
  const { error } = trace;
  const reasons = error === null ? reasonsToPass(view) : [whoRefuses(decider, error)];
  if (isAPIException(error)) reasons.push(...reasonsOfStatus(view, error, user));
  if (trace.isUnhandled) reasons.push('No exception handler knows this error, so it goes to the host.');
  if (trace.isForced && isInactive(user))
    reasons.push(`But ${nameOfUser(user)} is inactive, and no scheme lets them in.`);
  return reasons;
}

function reasonsToPass(view: APIView): string[] {
  const asked = view.policies.permissionClasses.flatMap(leavesOf).filter(looksAtObjects).map(nameOfPolicy);
  if (asked.length === 0) return ['Nobody refuses.'];
  return ['Nobody refuses.', `Each object that the view checks is shown to ${[...new Set(asked)].join(', ')} as well.`];
}

function leavesOf(permission: PolicyClass<Permission>): PolicyClass<Permission>[] {
  return compositionOf(permission)?.operands.flatMap(leavesOf) ?? [permission];
}

function looksAtObjects(permission: PolicyClass<Permission>): boolean {
  const method = methodOf(permission, 'hasObjectPermission');
  return method !== undefined && method !== methodOf(BasePermission, 'hasObjectPermission');
}

function whoRefuses(decider: Parties['decider'], error: unknown): string {
  const sentence =
    decider === null ? `Code of the view refuses: ${String(error)}` : `${decider.policy} ${decider.outcome}`;
  return sentence.endsWith('.') ? sentence : `${sentence}.`;
}

function reasonsOfStatus(view: APIView, error: APIException, user: unknown): string[] {
  const { statusCode, authHeader = '' } = error;
  if (needsChallenge(error)) return [aboutChallenge(view, authHeader)];
  if (statusCode === 405) return [`The view answers ${view.allowedMethods.join(', ')}.`];
  if (statusCode !== 403) return [];
  if (view.policies.authenticationClasses.length === 0) {
    return ['It is 403 and not 401, for the view has no authenticators: nobody could log in.'];
  }
  return isKnown(user) ? [`It is 403 and not 401, for it is known who asks: ${nameOfUser(user)}.`] : [];
}

/** Why the answer is 401, or 403 in its place. */
function aboutChallenge(view: APIView, challenge: string): string {
  const isOfAll = view.settings.challengePolicy === 'all';
  const [first, ...others] = view.getAuthenticators();
  const name = first?.constructor.name ?? 'nobody';
  if (challenge !== '') {
    return isOfAll
      ? `It is 401 and not 403, for there are challenges: ${challenge}.`
      : `It is 401 and not 403, for ${name}, the first authenticator, has a challenge: ${challenge}.`;
  }
  if (isOfAll || first === undefined) return 'It is 403 and not 401, for no authenticator has a challenge.';
  const reason = `It is 403 and not 401, for ${name}, the first authenticator, has no challenge.`;
  const other = others.find((authenticator) => (authenticator.authenticateHeader?.(view.request) ?? '') !== '');
  if (other === undefined) return reason;
  return `${reason} With ${other.constructor.name} first, or challengePolicy: 'all', it would be 401.`;
}

function isKnown(user: unknown): boolean {
  return typeof user === 'object' && user !== null && 'isAuthenticated' in user && user.isAuthenticated === true;
}

function isInactive(user: unknown): boolean {
  return isKnown(user) && (user as BaseUser).isActive !== true;
}
