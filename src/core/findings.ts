import type { ResolvedPolicies } from './resolution';
import type { Settings } from './settings';

/** How bad a finding is; `sallyport check` fails at errors, and at warnings where it is told to. */
export type FindingLevel = 'warning' | 'error';

/** Something about the set-up of an app that its developer should know. */
export interface Finding {
  /** Never given to anything else: it is what people silence. */
  readonly id: string;
  readonly level: FindingLevel;
  /** Whether it matters in production alone: then it is reported with `deploy`. */
  readonly deploy: boolean;
  /** The view or the setting in question. */
  readonly where: string;
  readonly message: string;
  /** The cure. */
  readonly hint: string | null;
}

/** The view for which a class is asked what it finds. */
export interface CheckedView {
  /** How a finding names the view: `NoteList at /notes`. */
  readonly where: string;
  readonly policies: ResolvedPolicies;
}

/**
 * What a policy class, or a view class, may bring: its own look at the set-up, for `runChecks`. The same finding from
 * several views is reported once.
 *
 * @example
 * static check(settings: Settings): Finding[] {
 *   if (hawk.of(settings).clockSkew <= 300) return [];
 *   return [{ id: 'app.W001', level: 'warning', deploy: false, where: 'hawk.clockSkew', message: '…', hint: null }];
 * }
 */
export interface SelfCheck {
  check?(settings: Settings, view: CheckedView): readonly Finding[];
}

/** The checks that the library brings. */
export const CHECKS = Object.freeze({
  'sallyport.E001': {
    deploy: false,
    about: 'A policy lacks what it needs in the settings.',
  },
  'sallyport.W001': { deploy: false, about: 'A view lets everybody in because nobody has declared anything.' },
  'sallyport.W002': { deploy: false, about: 'A handler is no view, so that no policy guards it.' },
  'sallyport.W003': { deploy: false, about: 'The first authenticator has no challenge, and a later one has.' },
  'sallyport.W004': { deploy: false, about: 'A view asks for users, and no authenticator can recognise one.' },
  'sallyport.W005': { deploy: false, about: 'Permissions refuse some users, who get in without their credentials.' },
  'sallyport.W006': { deploy: false, about: 'A permission is the opposite of one that lets everybody in.' },
  'sallyport.W007': { deploy: false, about: 'A throttle has no rate, and limits nobody.' },
  'sallyport.W008': { deploy: false, about: 'A throttle believes addresses that clients make up.' },
  'sallyport.W009': { deploy: false, about: 'Passwords can be guessed without a limit.' },
  'sallyport.W010': { deploy: false, about: 'A secret is easy to guess.' },
  'sallyport.W011': { deploy: true, about: 'The session cookie also travels without TLS.' },
  'sallyport.W012': { deploy: true, about: 'The CSRF cookie also travels without TLS.' },
  'sallyport.W013': { deploy: true, about: 'Scripts can read the session cookie.' },
  'sallyport.W014': { deploy: true, about: 'Basic authentication, and nothing says that connections are encrypted.' },
  'sallyport.W015': { deploy: true, about: 'The site goes by whatever name a client gives it.' },
  'sallyport.W016': {
    deploy: true,
    about: 'What should outlive the process, or be shared with others, lies in its memory.',
  },
  'sallyport.W017': { deploy: true, about: 'Requests that other sites cause carry the session cookie.' },
  'sallyport.W018': { deploy: true, about: 'Pages that came without TLS may send requests with a session.' },
  'sallyport.W019': { deploy: true, about: 'Every host below a domain gets a cookie, and can give one of its own.' },
  'sallyport.W020': { deploy: true, about: 'Tokens or keys never end.' },
  'sallyport.W021': { deploy: false, about: 'Only who has a token can get one.' },
  'sallyport.W022': { deploy: true, about: 'Tokens lie in the database as they are sent.' },
  'sallyport.W023': { deploy: true, about: 'Cookies with tokens also travel without TLS.' },
  'sallyport.W024': { deploy: true, about: 'Scripts can read cookies with tokens.' },
  'sallyport.W025': { deploy: false, about: 'Pages of other sites can act with cookies that hold tokens.' },
  'sallyport.W026': { deploy: true, about: 'Every new password will do.' },
  'sallyport.W027': { deploy: false, about: 'Tokens that should rest hashed lie in the database as they are sent.' },
  'sallyport.W028': { deploy: true, about: 'The keys that tokens are checked with come without TLS.' },
  'sallyport.W029': { deploy: false, about: 'Pages of other sites can log a browser in as somebody else.' },
});

/** The ids of the library's own checks. */
export type CheckId = keyof typeof CHECKS;

/** A finding of one of the library's own checks. */
export function finding(id: CheckId, where: string, { message, hint }: Pick<Finding, 'message' | 'hint'>): Finding {
  const level = id.startsWith('sallyport.E') ? 'error' : 'warning';
  return { id, level, deploy: CHECKS[id].deploy, where, message, hint };
}
