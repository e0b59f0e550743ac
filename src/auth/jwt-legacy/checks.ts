import { finding, type CheckedView, type Finding } from '../../core/findings';
import type { Settings } from '../../core/settings';
import { mediaTypeMatches, parseMediaType } from '../../http/media-types';
import { checkSecret } from '../jwt/checks';
import { jwtLegacy, type JWTLegacySettings } from './settings';

/** What is insecure about the options of these tokens. */
export function checkLegacyTokens(settings: Settings): Finding[] {
  const options = jwtLegacy.of(settings);
  const { algorithm, secretKey, getUserSecretKey, verifyExpiration, authCookie } = options;
  const found = authCookie === null ? [] : checkCookie(options);
  // What the app signs with is looked at there.
  if (getUserSecretKey === null && secretKey !== settings.secretKey) {
    found.push(...checkSecret('jwtLegacy.secretKey', secretKey, algorithm));
  }
  if (!verifyExpiration) {
    found.push(
      finding('sallyport.W020', 'the setting jwtLegacy.verifyExpiration', {
        message: 'A token that somebody has stolen is good for ever.',
        hint: 'Leave jwtLegacy({ verifyExpiration }) at true, and give tokens a longer expirationDelta if they need one.',
      }),
    );
  }
  return found;
}

function checkCookie({ authCookieSecure, authCookieSameSite }: JWTLegacySettings): Finding[] {
  const found: Finding[] = [];
  if (!authCookieSecure) {
    found.push(
      finding('sallyport.W023', 'the setting jwtLegacy.authCookieSecure', {
        message: 'The cookie of the token travels without TLS too, where others on the way can read it.',
        hint: 'Leave jwtLegacy({ authCookieSecure }) at true.',
      }),
    );
  }
  if (authCookieSameSite === null || authCookieSameSite === 'None') {
    found.push(
      finding('sallyport.W025', 'the setting jwtLegacy.authCookieSameSite', {
        message: 'A page of another site can have a browser act for whoever is logged in there.',
        hint: "Leave jwtLegacy({ authCookieSameSite }) at 'Lax': this scheme asks for no CSRF token.",
      }),
    );
  }
  return found;
}

/** What a browser sends to any site without asking it first (the CORS-safelisted types of the Fetch standard). */
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'].map(parseMediaType);

/** Whether a view that gives the cookie for what stands in a body, without a CSRF token, takes bodies that any page can send. */
export function checkForms(settings: Settings, { where, policies }: CheckedView): Finding[] {
  if (jwtLegacy.of(settings).authCookie === null) return [];
  const takesForms = policies.parserClasses.some((parser) => {
    const type = parseMediaType(new parser(settings).mediaType);
    return FORM_TYPES.some((form) => mediaTypeMatches(type, form));
  });
  if (!takesForms) return [];
  return [
    finding('sallyport.W029', where, {
      message:
        'A page of another site can send a form with a token, or with the name and the password of its author, whose cookie the browser then holds.',
      hint: 'Let the view take JSON alone: parserClasses = [JSONParser].',
    }),
  ];
}
