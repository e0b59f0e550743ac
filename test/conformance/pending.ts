import type { Scenario, ScenarioFile } from './scenarios';

/** Steps with these tags are left out. */
export const leftOut: Readonly<Record<string, string>> = {
  python: 'the value depends on a habit of Python that a Node server does not copy',
  'drf-3.14': 'newer versions of Django REST framework, which we follow, answer otherwise',
};

/** The scenario with the steps that count. */
export function withoutLeftOut(scenario: Scenario, file: ScenarioFile): Scenario {
  const tagged = [...(file.tags ?? []), ...(scenario.tags ?? [])];
  return {
    ...scenario,
    steps: scenario.steps.filter((step) => ![...tagged, ...(step.tags ?? [])].some((tag) => tag in leftOut)),
  };
}

/** A step, a scenario or a whole file of scenarios (then each of them) that does not pass yet. */
export interface Pending {
  readonly kit: string;
  readonly file: string;
  readonly scenario?: string;
  readonly step?: string;
  readonly reason: string;
}

/** All that does not pass yet. The list only shrinks: the test fails when an entry passes and still stands here. */
export const pending: readonly Pending[] = [];
