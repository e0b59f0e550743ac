import { createFindOne } from '../lib/tokens.mjs';
import { start as startBare } from './bare.mjs';

export const works = ['W5'];

/** Bare, with the query that most apps would write. */
export const start = (work) => startBare(work, createFindOne);
