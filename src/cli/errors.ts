/** What a command says when it can't do what it was asked; shown without a stack, exit status 1. */
export class CommandError extends Error {
  override name = 'CommandError';
}

/** Somebody pressed Ctrl-C, or Ctrl-D, at a prompt. */
export class Cancelled extends Error {}

/** Ends a command that has printed what is wrong: exit status 1, and nothing more is said. */
export class Failure extends Error {
  override name = 'Failure';
}
