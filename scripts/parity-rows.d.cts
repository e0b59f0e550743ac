/** What a test run said of one test. */
export interface TestResult {
  readonly file: string;
  /** With the titles of all `describe` around it. */
  readonly title: string;
  /** As Jest names it; `passed` is the only good one. */
  readonly status: string;
}

/** The promises that are to be kept, and those that are not. */
export interface Lists {
  /** Per section and id: kind and text. */
  readonly sections: Readonly<Record<string, Readonly<Record<string, readonly [kind: string, text: string]>>>>;
  /** Per id the reason. */
  readonly notFollowed: Readonly<Record<string, string>>;
  /** Per feature that isn't offered yet the ids, as in a title. */
  readonly notYet: Readonly<Record<string, string>>;
}

/** A promise, and all that is known of it. */
export interface Row {
  readonly id: string;
  readonly section: string;
  readonly kind: string;
  readonly text: string;
  readonly notFollowed: string | undefined;
  readonly notYet: string | undefined;
  readonly tests: readonly TestResult[];
}

export function rowIds(text: string): string[];
export function readRows(
  lists: Lists,
  results: readonly TestResult[],
): { rows: Row[]; unknown: { id: string; where: string }[] };
export function faultOf(row: Row): string | undefined;
export function parityPage(rows: readonly Row[]): string;
