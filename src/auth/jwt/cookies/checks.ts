import { finding, type Finding } from '../../../core/findings';
import type { Settings } from '../../../core/settings';
import { jwtCookies, usesCookies } from './settings';

/** What is insecure about tokens in cookies. */
export function checkCookies(settings: Settings): Finding[] {
  if (!usesCookies(settings)) return [];
  const { secure, httponly, samesite, useCsrf } = jwtCookies.of(settings);
  const found: Finding[] = [];
  if (!secure) {
    found.push(
      finding('sallyport.W023', 'the setting jwtCookies.secure', {
        message:
          samesite === 'None'
            ? 'Browsers drop cookies with SameSite=None that are not Secure, and the tokens travel without TLS too.'
            : 'The cookies of tokens travel without TLS too, where others on the way can read them.',
        hint: 'Leave jwtCookies({ secure }) at true.',
      }),
    );
  }
  if (!httponly) {
    found.push(
      finding('sallyport.W024', 'the setting jwtCookies.httponly', {
        message: 'A script that somebody smuggles into a page can read the tokens and send them elsewhere.',
        hint: 'Leave jwtCookies({ httponly }) at true.',
      }),
    );
  }
  if (!useCsrf) {
    found.push(
      finding('sallyport.W025', 'the setting jwtCookies.useCsrf', {
        message: 'A page of another site can have a browser act for whoever is logged in there.',
        hint: 'Leave jwtCookies({ useCsrf }) at true, and send the token of getToken() in the header X-CSRFToken.',
      }),
    );
  }
  return found;
}
