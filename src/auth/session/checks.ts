import { finding, type Finding } from '../../core/findings';
import { checkSecrets } from '../../core/secrets';
import type { Settings } from '../../core/settings';
import { csrf, session, type SessionSettings } from './settings';
import { isHostSessions } from './stored-session';

/** What is insecure about the sessions of an app. */
export function checkSessions(settings: Settings): Finding[] {
  const options = session.find(settings);
  if (options === null) return [];
  // The cookie of the host's middleware is its own business.
  const ofCookie = isHostSessions(options.store) ? [] : checkSessionCookie(options);
  const secrets = checkSecrets(options, {
    prefix: 'session.',
    danger: 'Whoever finds it can log in as anybody.',
    except: settings,
  });
  return [...secrets, ...ofCookie, ...checkCsrfCookie(settings), ...checkOrigins(settings)];
}

function checkSessionCookie(options: SessionSettings): Finding[] {
  const { cookieSecure, cookieHttponly, cookieSamesite, cookieDomain } = options;
  const found = checkDomain('session', cookieDomain);
  if (!cookieSecure) found.push(notSecure('sallyport.W011', 'session'));
  if (!cookieHttponly) {
    found.push(
      finding('sallyport.W013', 'the setting session.cookieHttponly', {
        message: 'A script that somebody smuggles into a page can read the session cookie and send it elsewhere.',
        hint: 'Leave session({ cookieHttponly }) at true.',
      }),
    );
  }
  if (cookieSamesite === 'None' || cookieSamesite === null) {
    found.push(
      finding('sallyport.W017', 'the setting session.cookieSamesite', {
        message:
          'What pages of other sites make a browser send has the session cookie; CSRF tokens alone stand against it.',
        hint: "Leave session({ cookieSamesite }) at 'Lax'. Where your pages are of another site, silence this check.",
      }),
    );
  }
  return found;
}

function checkOrigins(settings: Settings): Finding[] {
  const open = csrf.of(settings).trustedOrigins.filter((origin) => /^http:/i.test(origin));
  if (open.length === 0) return [];
  return [
    finding('sallyport.W018', 'the setting csrf.trustedOrigins', {
      message: `Whoever is between a browser and ${open.join(', ')} can put scripts into those pages, and these are trusted.`,
      hint: 'Name origins with https.',
    }),
  ];
}

function checkCsrfCookie(settings: Settings): Finding[] {
  const { cookieSecure, cookieDomain, useSessions } = csrf.of(settings);
  if (useSessions) return [];
  return [...(cookieSecure ? [] : [notSecure('sallyport.W012', 'csrf')]), ...checkDomain('csrf', cookieDomain)];
}

function notSecure(id: 'sallyport.W011' | 'sallyport.W012', cookie: 'session' | 'csrf'): Finding {
  return finding(id, `the setting ${cookie}.cookieSecure`, {
    message: 'The cookie travels without TLS too, where others on the way can read it.',
    hint: `Set ${cookie}({ cookieSecure: true }).`,
  });
}

function checkDomain(cookie: 'session' | 'csrf', domain: string | null): Finding[] {
  if (domain === null) return [];
  return [
    finding('sallyport.W019', `the setting ${cookie}.cookieDomain`, {
      message: `Each host below ${domain}, also one that was given up and taken by somebody, sees the cookie and can put another in its place.`,
      hint: `Leave ${cookie}({ cookieDomain }) at null. Where hosts must share it and you trust them all, silence this check.`,
    }),
  ];
}
