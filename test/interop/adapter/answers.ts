import type { Awaitable } from 'sallyport';
import { reasonOf } from '../waiting';
import { apiKeyKinds } from './api-key';
import { csrfKinds } from './csrf';
import { jwtKinds } from './jwt';
import { knoxKinds } from './knox';
import { passwordKinds } from './passwords';
import { resetKinds } from './resets';
import { sessionKinds } from './sessions';
import { signingKinds } from './signing';

/** What is answered: the values that were asked for, by Django's names. */
export type Output = Readonly<Record<string, unknown>>;

/** The kinds of questions by name. A kind that throws has no answer; what stands in `input` is the asker's business. */
export type Kinds = Readonly<Record<string, (input: never) => Awaitable<Output>>>;

const KINDS: Kinds = {
  ...apiKeyKinds,
  ...csrfKinds,
  ...jwtKinds,
  ...knoxKinds,
  ...passwordKinds,
  ...resetKinds,
  ...sessionKinds,
  ...signingKinds,
};

/** The answer to one line, as a line. Whatever the line holds, it has an answer: somebody may count them. */
export async function answerLine(line: string): Promise<string> {
  const { id = null, kind, input } = readQuestion(line);
  return JSON.stringify({ id, output: await answer(kind, input) });
}

interface Question {
  readonly id?: unknown;
  readonly kind?: unknown;
  readonly input?: unknown;
}

function readQuestion(line: string): Question {
  try {
    return (JSON.parse(line) as Question | null) ?? {};
  } catch {
    return {};
  }
}

/** Answers a question; where there is no answer, `exception` says why. */
export async function answer(kind: unknown, input: unknown): Promise<Output> {
  try {
    return await findKind(String(kind))(input as never);
  } catch (error) {
    return { exception: String(error) };
  }
}

function findKind(name: string): Kinds[string] {
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind !== undefined) return kind;
  throw new RangeError(`${name}: ${reasonOf(name) ?? 'there is no such kind'}`);
}
