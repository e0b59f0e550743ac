import { finding, type Finding } from '../../core/findings';
import type { Settings } from '../../core/settings';
import { checkSecret } from '../jwt/checks';
import { jwtLegacy } from './settings';

/** What is insecure about the options of these tokens. */
export function checkLegacyTokens(settings: Settings): Finding[] {
  const { algorithm, secretKey, getUserSecretKey, verifyExpiration } = jwtLegacy.of(settings);
  const found = getUserSecretKey === null ? checkSecret('jwtLegacy.secretKey', secretKey, algorithm) : [];
  if (verifyExpiration) return found;
  return [
    ...found,
    finding('sallyport.W020', 'the setting jwtLegacy.verifyExpiration', {
      message: 'A token that somebody has stolen is good for ever.',
      hint: 'Leave jwtLegacy({ verifyExpiration }) at true, and give tokens a longer expirationDelta if they need one.',
    }),
  ];
}
