import type { Settings } from '../../../core/settings';
import { constantTimeEqual } from '../../../crypto/compare';
import { saltedHmac, type SecretKey } from '../../../crypto/signing';
import { tokenBackend } from '../backend';
import { dpop } from './settings';

const PURPOSE = 'sallyport.dpop.nonce';
const FORM = /^([0-9a-z]{1,9})\.([\w-]{43})$/;

/**
 * A nonce for the proofs of a client (RFC 9449, section 8): the moment, signed. Nothing has to be kept of it, and all
 * servers with the same key take it.
 */
export function createNonce(settings: Settings): string {
  const moment = secondsOf(settings).toString(36);
  return `${moment}.${sign(moment, secretsOf(settings)[0]!)}`;
}

/** How old a nonce of this server is, seconds; null for one that is none, or not good any more. */
export function ageOfNonce(settings: Settings, nonce: string): number | null {
  const [, moment, signature] = FORM.exec(nonce) ?? [];
  if (moment === undefined || signature === undefined) return null;
  if (!secretsOf(settings).some((secret) => constantTimeEqual(signature, sign(moment, secret)))) return null;
  const age = secondsOf(settings) - Number.parseInt(moment, 36);
  return age < dpop.of(settings).nonceLifetime ? age : null;
}

function secondsOf({ clock }: Settings): number {
  return Math.floor(clock.now() / 1000);
}

function sign(moment: string, secret: SecretKey): string {
  return saltedHmac(PURPOSE, moment, { secret }).toString('base64url');
}

/** By each key that signs or has signed: a nonce should not end with a change of keys. */
function secretsOf(settings: Settings): readonly SecretKey[] {
  const { nonceSecret } = dpop.of(settings);
  if (nonceSecret !== null) return [nonceSecret];
  return tokenBackend(settings).digests(PURPOSE, '', settings.clock.now() / 1000);
}
