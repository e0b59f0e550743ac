import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A body to send: one of these ways to write it down. */
export interface BodyToSend {
  readonly json?: unknown;
  readonly text?: string;
  readonly base64?: string;
  readonly form?: Readonly<Record<string, Scalar | readonly Scalar[]>> | readonly (readonly [string, Scalar])[];
  readonly multipart?: readonly Part[];
}
type Scalar = string | number | boolean;

export interface Part {
  readonly name: string;
  readonly value?: Scalar;
  readonly base64?: string;
  readonly filename?: string;
  readonly contentType?: string;
}

export interface RequestToSend {
  readonly method?: string;
  readonly path: string;
  /** Null takes out a header that would be sent by itself. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: BodyToSend;
}

/** What an answer must be; what is left out is not compared. */
export interface Expectation {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly cookies?: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;
  readonly body?: {
    readonly json?: unknown;
    readonly text?: unknown;
    readonly base64?: string;
    readonly empty?: boolean;
  };
}

/** Where a value is taken from, for later steps. */
export interface Capture {
  readonly json?: string;
  readonly header?: string;
  readonly cookie?: string;
  readonly regex?: string;
}

export interface Step {
  readonly name: string;
  readonly tags?: readonly string[];
  readonly request: RequestToSend;
  readonly expect?: Expectation;
  readonly capture?: Readonly<Record<string, Capture>>;
}

export interface Scenario {
  readonly name: string;
  readonly tags?: readonly string[];
  readonly steps: readonly Step[];
}

export interface ScenarioFile {
  readonly file: string;
  readonly tags?: readonly string[];
  readonly scenarios: readonly Scenario[];
}

/** The scenario files of a folder, in the order of their names. */
export function readScenarios(folder: string): ScenarioFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Omit<ScenarioFile, 'file'>),
      file,
    }));
}
