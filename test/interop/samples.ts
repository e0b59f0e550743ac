import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A value that Django was given, and what it made of it. */
export interface Sample<Input, Expected> {
  readonly id: string;
  readonly kind: string;
  readonly input: Input;
  readonly expect: Expected;
  /** Only a version of Django accepts it that is no longer maintained. */
  readonly optional?: boolean;
}

export interface SessionCredential {
  readonly session_key: string;
  /** The primary key of the user; null for nobody. */
  readonly user: number | null;
  /** In a form that only a version of Django reads that is no longer maintained. */
  readonly legacy?: boolean;
  readonly note?: string;
}

export interface TokenCredential {
  readonly key: string;
  readonly user: number;
  readonly active: boolean;
}

export interface Samples {
  readonly secret_key: string;
  /** Seconds; the time of all of it. */
  readonly now: number;
  readonly clear_passwords: Readonly<Record<string, string | null>>;
  readonly credentials: { readonly sessions: readonly SessionCredential[]; readonly drf: readonly TokenCredential[] };
  readonly samples: readonly Sample<unknown, unknown>[];
}

export function readSamples(file: string): Samples {
  return JSON.parse(readFileSync(file, 'utf8')) as Samples;
}

/** The samples that belong to the database of the kit. */
export const kitSamples = join(__dirname, 'kit/samples.json');

export const django = readSamples(kitSamples);

/** The samples of a kind that Django still accepts. */
export function samplesOf<Input, Expected>(kind: string): readonly Sample<Input, Expected>[] {
  const found = django.samples.filter((sample) => sample.kind === kind && sample.optional !== true);
  return found as readonly Sample<Input, Expected>[];
}
