import { differences } from './comparison';
import { exchange, type Answer } from './exchange';
import type { Capture, Expectation, RequestToSend, Scenario, Step } from './scenarios';

export interface Failure {
  readonly step: string;
  readonly differences: readonly string[];
}

/**
 * Replays a scenario against the server on a port: puts the server back to its start, sends the steps in order, and
 * compares the answers.
 */
export async function runScenario(port: number, scenario: Scenario): Promise<Failure[]> {
  const reset = await exchange(port, { method: 'POST', path: '/__reset' });
  if (reset.status !== 204) throw new Error(`POST /__reset answered ${String(reset.status)}.`);
  const variables = new Map<string, string>();
  const failures: Failure[] = [];
  for (const step of scenario.steps) {
    const found = await runStep(port, step, variables);
    if (found.length > 0) failures.push({ step: step.name, differences: found });
  }
  return failures;
}

async function runStep(port: number, step: Step, variables: Map<string, string>): Promise<string[]> {
  try {
    const answer = await exchange(port, substitute(step.request, variables) as RequestToSend);
    const found = differences(substitute(step.expect ?? {}, variables) as Expectation, answer);
    for (const [name, capture] of Object.entries(step.capture ?? {})) variables.set(name, take(capture, answer));
    return found;
  } catch (error) {
    return [String(error)];
  }
}

/** Puts captured values into the texts of a value, wherever `{{name}}` stands. */
function substitute(value: unknown, variables: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') {
    return value.replace(/\{\{(\w+)\}\}/g, (_whole, name: string) => {
      const found = variables.get(name);
      if (found === undefined) throw new Error(`Nothing was captured under the name '${name}'.`);
      return found;
    });
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, variables)]));
}

function take(capture: Capture, answer: Answer): string {
  const value = find(capture, answer);
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  if (text === null) throw new Error(`There is nothing to capture at ${JSON.stringify(capture)}.`);
  if (capture.regex === undefined) return text;
  const match = new RegExp(capture.regex, 'su').exec(text);
  if (match === null) throw new Error(`'${text}' does not match ${capture.regex}.`);
  return match[1] ?? match[0];
}

function find({ json, header, cookie }: Capture, answer: Answer): unknown {
  if (header !== undefined) return answer.headers.get(header.toLowerCase());
  if (cookie !== undefined) return answer.cookies.get(cookie)?.['value'];
  const pointer = (json ?? '').split('/').slice(1);
  return pointer
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (value, part) => (value as Record<string, unknown> | undefined)?.[part],
      JSON.parse(answer.body.toString()),
    );
}
