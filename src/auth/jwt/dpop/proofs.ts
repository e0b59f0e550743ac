import { createHash } from 'node:crypto';
import { onResponse } from '../../../core/host';
import type { HostRequest } from '../../../core/host';
import type { Request } from '../../../core/request';
import type { Settings } from '../../../core/settings';
import { headerValue } from '../../../http/headers';
import { JWTAuthenticationFailed } from '../exceptions';
import { JWTError, verifyProof, type DPoPProof } from '../protocol';
import type { Token } from '../tokens';
import { ageOfNonce, createNonce } from './nonce';
import { dpop } from './settings';

/** What is wrong with a proof, in the words of RFC 9449 (section 12.2). */
type ProofFault = 'invalid_dpop_proof' | 'use_dpop_nonce';

const FAULT: unique symbol = Symbol.for('sallyport.dpopFault') as never;
type MarkedRequest = HostRequest & { [FAULT]?: ProofFault };

export interface ProofOptions {
  /** The access token that the request carries; null where it carries none. */
  readonly accessToken: string | null;
  /** The thumbprint of the key that the proof must be by; null: any key will do. */
  readonly jkt: string | null;
}

/** Whether a request comes with a proof, good or not. */
export function hasProof({ raw }: Request): boolean {
  return raw.headers['dpop'] !== undefined;
}

/**
 * Checks the proof of a request, in the header `DPoP`: that its sender holds a key, and that nobody has sent it before.
 * @throws JWTAuthenticationFailed with the code `invalid_dpop_proof` or `use_dpop_nonce`
 */
export async function checkProof(request: Request, options: ProofOptions): Promise<DPoPProof> {
  const proof = checkUncountedProof(request, options);
  if (!(await isFirst(request.settings, proof))) {
    throw fail(request, 'invalid_dpop_proof', 'The proof was sent before.');
  }
  return proof;
}

/**
 * The same but for whether it was sent before; nor is it remembered. It is for requests that anybody may send: strangers
 * must not fill the cache with proofs.
 * @throws JWTAuthenticationFailed with the code `invalid_dpop_proof` or `use_dpop_nonce`
 */
export function checkUncountedProof(request: Request, { accessToken, jkt }: ProofOptions): DPoPProof {
  const proof = readProof(request, accessToken);
  if (jkt !== null && proof.jkt !== jkt) throw fail(request, 'invalid_dpop_proof', 'The proof is by another key.');
  checkNonce(request, proof);
  return proof;
}

function readProof(request: Request, accessToken: string | null): DPoPProof {
  const { settings, method, raw } = request;
  const { algorithms, proofMaxAge: maxAge, clockSkew: skew } = dpop.of(settings);
  const header = headerValue(raw.headers, 'dpop');
  if (header === undefined) throw fail(request, 'invalid_dpop_proof', 'There is no proof in the header DPoP.');
  const uri = `${request.scheme}://${request.getHost()}${request.path}`;
  const now = settings.clock.now() / 1000;
  try {
    return verifyProof(header, { method, uri, now, maxAge, skew, algorithms, accessToken });
  } catch (error) {
    if (!(error instanceof JWTError)) throw error;
    throw fail(request, 'invalid_dpop_proof', error.message);
  }
}

function checkNonce(request: Request, { nonce }: DPoPProof): void {
  const { settings } = request;
  const { requireNonce, nonceLifetime } = dpop.of(settings);
  if (!requireNonce) return;
  const age = nonce === null ? null : ageOfNonce(settings, nonce);
  // The client has another one before this one ends.
  if (age === null || age >= nonceLifetime / 2) offerNonce(request);
  if (age === null) throw fail(request, 'use_dpop_nonce', 'The proof must hold the nonce of the header DPoP-Nonce.');
}

function offerNonce({ raw, settings }: Request): void {
  onResponse(raw, ({ headers }) => {
    headers.set('DPoP-Nonce', createNonce(settings));
    // A nonce in a cache would reach clients when it has ended (RFC 9449, section 8.2).
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
  });
}

/** One step, so of two that race with one proof, one is the first. Here nothing fails open, whatever `onCacheError` says. */
async function isFirst(settings: Settings, { jkt, jti }: DPoPProof): Promise<boolean> {
  const { proofMaxAge, clockSkew } = dpop.of(settings);
  const duration = proofMaxAge + clockSkew + 1;
  const now = settings.clock.now() / 1000;
  // Clients choose the length of a jti, not that of a key.
  const digest = createHash('sha256').update(jti).digest('base64url');
  const hit = await settings.cache.hit(`dpop:${jkt}:${digest}`, { limit: 1, duration, now, keep: true });
  return hit.allowed;
}

function fail(request: Request, fault: ProofFault, message: string): JWTAuthenticationFailed {
  (request.raw as MarkedRequest)[FAULT] = fault;
  return new JWTAuthenticationFailed(message, fault);
}

/** The challenge for bound tokens (RFC 9449, section 7.1), with what was wrong with the proof of this request. */
export function proofChallenge({ raw, settings }: Request): string {
  const fault = (raw as MarkedRequest)[FAULT];
  const algorithms = `algs="${dpop.of(settings).algorithms.join(' ')}"`;
  return fault === undefined ? `DPoP ${algorithms}` : `DPoP error="${fault}", ${algorithms}`;
}

/** Whether the proof of this request was refused. */
export function hasProofFault({ raw }: Request): boolean {
  return (raw as MarkedRequest)[FAULT] !== undefined;
}

/** Whether a token is bound to something that its bearer must prove (RFC 7800). */
export function isBound(token: Token): boolean {
  return token.has('cnf');
}

/** The thumbprint of the key that a token is bound to; null where it is bound to none, or in another way. */
export function boundKeyOf(token: Token): string | null {
  const confirmation = token.get('cnf');
  if (typeof confirmation !== 'object' || confirmation === null || !Object.hasOwn(confirmation, 'jkt')) return null;
  const { jkt } = confirmation as { readonly jkt: unknown };
  return typeof jkt === 'string' ? jkt : null;
}
