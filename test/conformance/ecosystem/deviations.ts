/** A recorded answer that is a weakness of the package, and that no switch brings back. */
export interface Deviation {
  readonly system: string;
  readonly file: string;
  readonly scenario: string;
  readonly step: string;
  /** The requirement that says so. */
  readonly row: string;
  readonly why: string;
}

/** All that is answered differently from the packages; nothing else may be. */
export const deviations: readonly Deviation[] = [
  {
    system: 'simplejwt',
    file: 'refresh.json',
    scenario: 'user changes',
    step: 'refresh of an inactive user',
    row: 'J-020',
    why: 'whoever may not log in any more gets no new tokens either',
  },
  {
    system: 'simplejwt',
    file: 'refresh.json',
    scenario: 'user changes',
    step: 'refresh of a deleted user',
    row: 'J-020',
    why: 'nobody is there to have a token',
  },
  {
    system: 'simplejwt-55',
    file: 'revoke.json',
    scenario: 'a new password ends the tokens',
    step: 'refresh',
    row: 'J-021',
    why: 'a refresh token from before the new password buys nothing any more, and is called back',
  },
];
