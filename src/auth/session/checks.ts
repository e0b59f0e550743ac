import { finding, type Finding } from '../../core/findings';
import type { Settings } from '../../core/settings';
import { weaknessOf } from '../../crypto/secret-strength';
import { csrf, session, type SessionSettings } from './settings';
import { isHostSessions } from './stored-session';

/** What is insecure about the sessions of an app. */
export function checkSessions(settings: Settings): Finding[] {
  const options = session.find(settings);
  if (options === null) return [];
  // The cookie of the host's middleware is its own business.
  const ofCookie = isHostSessions(options.store) ? [] : checkSessionCookie(options);
  return [...checkSecrets(options), ...ofCookie, ...checkCsrfCookie(settings)];
}

function checkSecrets({ secretKey, secretKeyFallbacks }: SessionSettings): Finding[] {
  const secrets = [
    ['secretKey', secretKey] as const,
    ...secretKeyFallbacks.map((secret, i) => [`secretKeyFallbacks[${String(i)}]`, secret] as const),
  ];
  return secrets.flatMap(([option, secret]) => {
    const weakness = weaknessOf(secret);
    if (weakness === null) return [];
    return finding('sallyport.W010', `the setting session.${option}`, {
      message: `The secret ${weakness}. Whoever finds it can log in as anybody.`,
      hint: 'Make one: node -p "crypto.randomBytes(48).toString(\'base64\')". It belongs into the environment, not the code.',
    });
  });
}

function checkSessionCookie({ cookieSecure, cookieHttponly }: SessionSettings): Finding[] {
  const found: Finding[] = [];
  if (!cookieSecure) found.push(notSecure('sallyport.W011', 'session'));
  if (!cookieHttponly) {
    found.push(
      finding('sallyport.W013', 'the setting session.cookieHttponly', {
        message: 'A script that somebody smuggles into a page can read the session cookie and send it elsewhere.',
        hint: 'Leave session({ cookieHttponly }) at true.',
      }),
    );
  }
  return found;
}

function checkCsrfCookie(settings: Settings): Finding[] {
  const { cookieSecure, useSessions } = csrf.of(settings);
  return cookieSecure || useSessions ? [] : [notSecure('sallyport.W012', 'csrf')];
}

function notSecure(id: 'sallyport.W011' | 'sallyport.W012', cookie: 'session' | 'csrf'): Finding {
  return finding(id, `the setting ${cookie}.cookieSecure`, {
    message: 'The cookie travels without TLS too, where others on the way can read it.',
    hint: `Set ${cookie}({ cookieSecure: true }).`,
  });
}
