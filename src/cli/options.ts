import type { Command } from 'commander';

/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string;
  readonly traceback?: boolean;
}

/** The configuration file, if one was named. */
export function configOf(program: Command): string | undefined {
  return program.opts<CommonOptions>().config;
}
