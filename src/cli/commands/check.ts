import { Option, type Command } from 'commander';
import { runChecks, type Finding, type FindingLevel } from '../../core/checks';
import { loadApp } from '../app';
import { Failure } from '../errors';
import { configOf } from '../options';
import { print } from '../output';

interface CheckOptions {
  readonly deploy: boolean;
  readonly json: boolean;
  readonly failLevel: FindingLevel;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('Look for what is insecure in the set-up of an app')
    .option('--deploy', 'report what matters in production alone, too', false)
    .addOption(
      new Option('--fail-level <level>', 'exit with 1 on findings of this level and above')
        .choices(['warning', 'error'] satisfies FindingLevel[])
        .default('error'),
    )
    .option('--json', 'print the findings as JSON', false)
    .action(async ({ deploy, json, failLevel }: CheckOptions) => {
      const { urls, settings, silencedChecks } = await loadApp(configOf(program));
      const all = runChecks(urls, { settings, deploy });
      const findings = all.filter(({ id }) => !silencedChecks.has(id));
      const silenced = all.length - findings.length;
      print(json ? JSON.stringify({ findings, silenced }) : describe(findings, silenced));
      if (findings.some(({ level }) => level === 'error' || failLevel === 'warning')) throw new Failure();
    });
}

/** The findings as Django's command of this name writes them. */
function describe(findings: readonly Finding[], silenced: number): string {
  const count = findings.length === 0 ? 'no' : String(findings.length);
  const total = `System check identified ${count} ${count === '1' ? 'issue' : 'issues'} (${String(silenced)} silenced).`;
  if (findings.length === 0) return total;
  const ofLevel = (level: FindingLevel): string[] => findings.filter((found) => found.level === level).map(describeOne);
  const groups = [
    ['ERRORS:', ...ofLevel('error')],
    ['WARNINGS:', ...ofLevel('warning')],
  ].filter((lines) => lines.length > 1);
  return ['System check identified some issues:', ...groups.map((lines) => lines.join('\n')), total].join('\n\n');
}

function describeOne({ where, id, message, hint }: Finding): string {
  return `${where}: (${id}) ${message}${hint === null ? '' : `\n\tHINT: ${hint}`}`;
}
