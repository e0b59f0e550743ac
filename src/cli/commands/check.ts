import { Option, type Command } from 'commander';
import { authtoken } from '../../auth/token/settings';
import { runChecks, type Finding, type FindingLevel } from '../../core/checks';
import { finding } from '../../core/findings';
import type { Settings } from '../../core/settings';
import { loadApp } from '../app';
import { withDatabase, type Database } from '../database';
import { CommandError, Failure } from '../errors';
import { configOf } from '../options';
import { print } from '../output';

interface CheckOptions {
  readonly deploy: boolean;
  readonly database: boolean;
  readonly json: boolean;
  readonly failLevel: FindingLevel;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('Look for what is insecure in the set-up of an app')
    .option('--deploy', 'report what matters in production alone, too', false)
    .option('--database', 'look into the database, too', false)
    .addOption(
      new Option('--fail-level <level>', 'exit with 1 on findings of this level and above')
        .choices(['warning', 'error'] satisfies FindingLevel[])
        .default('error'),
    )
    .option('--json', 'print the findings as JSON', false)
    .action(async ({ deploy, database, json, failLevel }: CheckOptions) => {
      const { urls, settings, silencedChecks } = await loadApp(configOf(program));
      const inRows = database ? await checkDatabase(configOf(program), settings) : [];
      const all = [...runChecks(urls, { settings, deploy }), ...inRows];
      const findings = all.filter(({ id }) => !silencedChecks.has(id));
      const silenced = all.length - findings.length;
      print(json ? JSON.stringify({ findings, silenced }) : describe(findings, silenced));
      if (findings.some(({ level }) => level === 'error' || failLevel === 'warning')) throw new Failure();
    });
}

/** @throws CommandError without settings to compare the rows with */
function checkDatabase(config: string | undefined, settings: Settings | undefined): Promise<readonly Finding[]> {
  if (settings !== undefined) return withDatabase(config, (database) => checkRows(database, settings));
  throw new CommandError(
    '--database compares the rows with the settings of the app. Export them as `settings` from sallyport.config.js.',
  );
}

/** What is insecure in the rows of an app, whatever its set-up says. */
async function checkRows(database: Database, settings: Settings): Promise<readonly Finding[]> {
  if (authtoken.find(settings)?.keysAtRest !== 'hashed') return [];
  const count = (await database.tokens.countClearKeys?.()) ?? 0;
  if (count === 0) return [];
  return [
    finding('sallyport.W027', 'the table of tokens', {
      message: `Keys should rest hashed, and ${String(count)} of them rest in clear until they are used.`,
      hint: 'Run `sallyport hashtokens`.',
    }),
  ];
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
